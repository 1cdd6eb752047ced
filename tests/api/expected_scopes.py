"""What each route of the API must ask for, as Mastodon documents it: written down by hand, compared with the code.

A line is a method, a path below /api/ and what it takes: scopes, of which one is enough, `?` before them where
strangers are welcome too; `open` for everybody; `token` for any good token; `app` before scopes that an app's own
token opens. `{}` stands for what varies in a path. PUT means PATCH as well. Routes that Mastodon has no word for stand
at the end. Streams are routes too.
"""

DOCUMENTED = """
GET    v1/accounts                            ? read:accounts
POST   v1/accounts                            app write:accounts
GET    v1/accounts/{}                         ? read:accounts
GET    v1/accounts/{}/statuses                ? read:statuses
GET    v1/accounts/{}/followers               ? read:accounts
GET    v1/accounts/{}/following               ? read:accounts
GET    v1/accounts/{}/featured_tags           ? read:accounts
GET    v1/accounts/{}/endorsements            ? read:accounts
GET    v1/accounts/{}/lists                   read:lists
GET    v1/accounts/{}/identity_proofs         read:accounts
GET    v1/accounts/{}/collections             ? read:collections
GET    v1/accounts/{}/in_collections          read:collections
POST   v1/accounts/{}/follow                  write:follows
POST   v1/accounts/{}/unfollow                write:follows
POST   v1/accounts/{}/remove_from_followers   write:follows
POST   v1/accounts/{}/block                   write:blocks
POST   v1/accounts/{}/unblock                 write:blocks
POST   v1/accounts/{}/mute                    write:mutes
POST   v1/accounts/{}/unmute                  write:mutes
POST   v1/accounts/{}/pin                     write:accounts
POST   v1/accounts/{}/unpin                   write:accounts
POST   v1/accounts/{}/endorse                 write:accounts
POST   v1/accounts/{}/unendorse               write:accounts
POST   v1/accounts/{}/note                    write:accounts
GET    v1/accounts/lookup                     ? read:accounts
GET    v1/accounts/relationships              read:follows
GET    v1/accounts/familiar_followers         read:follows
GET    v1/accounts/search                     read:accounts
GET    v1/accounts/verify_credentials         read:accounts profile
PUT    v1/accounts/update_credentials         write:accounts
GET    v1/profile                             read:accounts profile
PUT    v1/profile                             write:accounts
DELETE v1/profile/avatar                      write:accounts
DELETE v1/profile/header                      write:accounts
POST   v1/emails/confirmations                write:accounts
GET    v1/emails/check_confirmation           token
POST   v1/apps                                open
GET    v1/apps/verify_credentials             token
GET    v1/bookmarks                           read:bookmarks
GET    v1/favourites                          read:favourites
GET    v1/mutes                               read:mutes
GET    v1/blocks                              read:blocks
GET    v1/domain_blocks                       read:blocks
POST   v1/domain_blocks                       write:blocks
DELETE v1/domain_blocks                       write:blocks
GET    v1/domain_blocks/preview               read:blocks
GET    v1/filters                             read:filters
POST   v1/filters                             write:filters
GET    v1/filters/{}                          read:filters
PUT    v1/filters/{}                          write:filters
DELETE v1/filters/{}                          write:filters
GET    v2/filters                             read:filters
POST   v2/filters                             write:filters
GET    v2/filters/{}                          read:filters
PUT    v2/filters/{}                          write:filters
DELETE v2/filters/{}                          write:filters
GET    v2/filters/{}/keywords                 read:filters
POST   v2/filters/{}/keywords                 write:filters
GET    v2/filters/keywords/{}                 read:filters
PUT    v2/filters/keywords/{}                 write:filters
DELETE v2/filters/keywords/{}                 write:filters
GET    v2/filters/{}/statuses                 read:filters
POST   v2/filters/{}/statuses                 write:filters
GET    v2/filters/statuses/{}                 read:filters
DELETE v2/filters/statuses/{}                 write:filters
GET    v1/follow_requests                     read:follows
POST   v1/follow_requests/{}/authorize        write:follows
POST   v1/follow_requests/{}/reject           write:follows
GET    v1/endorsements                        read:accounts
GET    v1/featured_tags                       read:accounts
POST   v1/featured_tags                       write:accounts
DELETE v1/featured_tags/{}                    write:accounts
GET    v1/featured_tags/suggestions           read:accounts
GET    v1/preferences                         read:accounts
GET    v1/followed_tags                       read:follows
GET    v1/suggestions                         read:accounts
DELETE v1/suggestions/{}                      write:accounts
GET    v2/suggestions                         read:accounts
GET    v1/starter_packs                       ? read:accounts
GET    v1/starter_packs/own                   read:accounts
POST   v1/starter_packs                       write:accounts
GET    v1/starter_packs/{}                    ? read:accounts
PUT    v1/starter_packs/{}                    write:accounts
DELETE v1/starter_packs/{}                    write:accounts
POST   v1/starter_packs/{}/accounts           write:accounts
DELETE v1/starter_packs/{}/accounts           write:accounts
POST   v1/starter_packs/{}/leave              write:accounts
POST   v1/starter_packs/{}/follow             write:follows
GET    v1/moments                             ? read:statuses
GET    v1/moments/own                         read:statuses
POST   v1/moments                             write:statuses
GET    v1/moments/{}                          ? read:statuses
PUT    v1/moments/{}                          write:statuses
DELETE v1/moments/{}                          write:statuses
POST   v1/moments/{}/publish                  write:statuses
POST   v1/moments/{}/unpublish                write:statuses
GET    v1/moments/{}/statuses                 ? read:statuses
POST   v1/moments/{}/statuses                 write:statuses
DELETE v1/moments/{}/statuses                 write:statuses
PUT    v1/moments/{}/order                    write:statuses
GET    v1/tags/{}                             ? read:follows read:statuses
POST   v1/tags/{}/follow                      write:follows
POST   v1/tags/{}/unfollow                    write:follows
POST   v1/tags/{}/feature                     write:accounts
POST   v1/tags/{}/unfeature                   write:accounts
POST   v1/statuses                            write:statuses
GET    v1/statuses                            ? read:statuses
GET    v1/statuses/{}                         ? read:statuses
PUT    v1/statuses/{}                         write:statuses
DELETE v1/statuses/{}                         write:statuses
GET    v1/statuses/{}/context                 ? read:statuses
GET    v1/statuses/{}/card                    ? read:statuses
GET    v1/statuses/{}/history                 ? read:statuses
GET    v1/statuses/{}/source                  read:statuses
POST   v1/statuses/{}/translate               read:statuses
GET    v1/statuses/{}/reblogged_by            ? read:accounts read:statuses
GET    v1/statuses/{}/favourited_by           ? read:accounts read:statuses
GET    v1/statuses/{}/quotes                  read:statuses
POST   v1/statuses/{}/quotes/{}/revoke        write:statuses
PUT    v1/statuses/{}/interaction_policy      write:statuses
POST   v1/statuses/{}/favourite               write:favourites
POST   v1/statuses/{}/unfavourite             write:favourites
POST   v1/statuses/{}/reblog                  write:statuses
POST   v1/statuses/{}/unreblog                write:statuses
POST   v1/statuses/{}/bookmark                write:bookmarks
POST   v1/statuses/{}/unbookmark              write:bookmarks
POST   v1/statuses/{}/mute                    write:mutes
POST   v1/statuses/{}/unmute                  write:mutes
POST   v1/statuses/{}/pin                     write:accounts
POST   v1/statuses/{}/unpin                   write:accounts
POST   v2/media                               write:media
POST   v1/media                               write:media
GET    v1/media/{}                            write:media
PUT    v1/media/{}                            write:media
DELETE v1/media/{}                            write:media
GET    v1/polls/{}                            ? read:statuses
POST   v1/polls/{}/votes                      write:statuses
GET    v1/scheduled_statuses                  read:statuses
GET    v1/scheduled_statuses/{}               read:statuses
PUT    v1/scheduled_statuses/{}               write:statuses
DELETE v1/scheduled_statuses/{}               write:statuses
GET    v1/timelines/public                    ? read:statuses
GET    v1/timelines/tag/{}                    ? read:statuses
GET    v1/timelines/link                      ? read:statuses
GET    v1/timelines/home                      read:statuses
GET    v1/timelines/list/{}                   read:lists
GET    v1/timelines/direct                    read:statuses
GET    v1/conversations                       read:statuses
DELETE v1/conversations/{}                    write:conversations
POST   v1/conversations/{}/read               write:conversations
POST   v1/conversations/{}/unread             write:conversations
GET    v1/lists                               read:lists
POST   v1/lists                               write:lists
GET    v1/lists/{}                            read:lists
PUT    v1/lists/{}                            write:lists
DELETE v1/lists/{}                            write:lists
GET    v1/lists/{}/accounts                   read:lists
POST   v1/lists/{}/accounts                   write:lists
DELETE v1/lists/{}/accounts                   write:lists
GET    v1/markers                             read:statuses
POST   v1/markers                             write:statuses
GET    v1/notifications                       read:notifications
GET    v1/notifications/{}                    read:notifications
POST   v1/notifications/clear                 write:notifications
POST   v1/notifications/{}/dismiss            write:notifications
POST   v1/notifications/dismiss               write:notifications
GET    v1/notifications/unread_count          read:notifications
GET    v1/notifications/policy                read:notifications
PUT    v1/notifications/policy                write:notifications
GET    v2/notifications/policy                read:notifications
PUT    v2/notifications/policy                write:notifications
GET    v1/notifications/requests              read:notifications
GET    v1/notifications/requests/{}           read:notifications
POST   v1/notifications/requests/{}/accept    write:notifications
POST   v1/notifications/requests/{}/dismiss   write:notifications
POST   v1/notifications/requests/accept       write:notifications
POST   v1/notifications/requests/dismiss      write:notifications
GET    v1/notifications/requests/merged       read:notifications
GET    v2/notifications                       read:notifications
GET    v2/notifications/{}                    read:notifications
GET    v2/notifications/{}/accounts           read:notifications
POST   v2/notifications/{}/dismiss            write:notifications
GET    v2/notifications/unread_count          read:notifications
GET    v1/push/subscription                   push
POST   v1/push/subscription                   push
PUT    v1/push/subscription                   push
DELETE v1/push/subscription                   push
GET    v1/search                              ? read:search
GET    v2/search                              ? read:search
GET    v1/instance                            open
GET    v2/instance                            open
GET    v1/instance/activity                   open
GET    v1/instance/domain_blocks              open
GET    v1/instance/extended_description       open
GET    v1/instance/languages                  open
GET    v1/instance/peers                      open
GET    v1/instance/privacy_policy             open
GET    v1/instance/rules                      open
GET    v1/instance/terms_of_service           open
GET    v1/instance/terms_of_service/{}        open
GET    v1/instance/translation_languages      open
GET    v1/custom_emojis                       open
GET    openapi.json                           open
GET    v1/directory                           ? read:accounts
GET    v1/trends                              ? read:accounts read:statuses
GET    v1/trends/tags                         ? read:accounts read:statuses
GET    v1/trends/statuses                     ? read:accounts read:statuses
GET    v1/trends/links                        ? read:accounts read:statuses
GET    v1/announcements                       read:accounts
POST   v1/announcements/{}/dismiss            write:accounts
PUT    v1/announcements/{}/reactions/{}       write:favourites
DELETE v1/announcements/{}/reactions/{}       write:favourites
POST   v1/reports                             write:reports
GET    oembed                                 open
GET    v1_alpha/async_refreshes/{}            read read:statuses
GET    v1/streaming/health                    open
GET    v1/streaming/user                      read:statuses read:notifications
GET    v1/streaming/user/notification         read:notifications
GET    v1/streaming/direct                    read:statuses
GET    v1/streaming/list                      read:statuses
GET    v1/streaming/hashtag                   read:statuses
GET    v1/streaming/hashtag/local             read:statuses
GET    v1/streaming/public                    read:statuses
GET    v1/streaming/public/local              read:statuses
GET    v1/streaming/public/remote             read:statuses
GET    v1/admin/accounts                      admin:read:accounts
GET    v2/admin/accounts                      admin:read:accounts
GET    v1/admin/accounts/{}                   admin:read:accounts
DELETE v1/admin/accounts/{}                   admin:write:accounts
POST   v1/admin/accounts/{}/action            admin:write:accounts
POST   v1/admin/accounts/{}/approve           admin:write:accounts
POST   v1/admin/accounts/{}/reject            admin:write:accounts
POST   v1/admin/accounts/{}/enable            admin:write:accounts
POST   v1/admin/accounts/{}/unsilence         admin:write:accounts
POST   v1/admin/accounts/{}/unsuspend         admin:write:accounts
POST   v1/admin/accounts/{}/unsensitive       admin:write:accounts
GET    v1/admin/reports                       admin:read:reports
GET    v1/admin/reports/{}                    admin:read:reports
PUT    v1/admin/reports/{}                    admin:write:reports
POST   v1/admin/reports/{}/assign_to_self     admin:write:reports
POST   v1/admin/reports/{}/unassign           admin:write:reports
POST   v1/admin/reports/{}/resolve            admin:write:reports
POST   v1/admin/reports/{}/reopen             admin:write:reports
GET    v1/admin/canonical_email_blocks        admin:read:canonical_email_blocks
POST   v1/admin/canonical_email_blocks        admin:write:canonical_email_blocks
GET    v1/admin/canonical_email_blocks/{}     admin:read:canonical_email_blocks
DELETE v1/admin/canonical_email_blocks/{}     admin:write:canonical_email_blocks
POST   v1/admin/canonical_email_blocks/test   admin:read:canonical_email_blocks
GET    v1/admin/domain_allows                 admin:read:domain_allows
POST   v1/admin/domain_allows                 admin:write:domain_allows
GET    v1/admin/domain_allows/{}              admin:read:domain_allows
DELETE v1/admin/domain_allows/{}              admin:write:domain_allows
GET    v1/admin/domain_blocks                 admin:read:domain_blocks
POST   v1/admin/domain_blocks                 admin:write:domain_blocks
GET    v1/admin/domain_blocks/{}              admin:read:domain_blocks
PUT    v1/admin/domain_blocks/{}              admin:write:domain_blocks
DELETE v1/admin/domain_blocks/{}              admin:write:domain_blocks
GET    v1/admin/email_domain_blocks           admin:read:email_domain_blocks
POST   v1/admin/email_domain_blocks           admin:write:email_domain_blocks
GET    v1/admin/email_domain_blocks/{}        admin:read:email_domain_blocks
DELETE v1/admin/email_domain_blocks/{}        admin:write:email_domain_blocks
GET    v1/admin/ip_blocks                     admin:read:ip_blocks
POST   v1/admin/ip_blocks                     admin:write:ip_blocks
GET    v1/admin/ip_blocks/{}                  admin:read:ip_blocks
PUT    v1/admin/ip_blocks/{}                  admin:write:ip_blocks
DELETE v1/admin/ip_blocks/{}                  admin:write:ip_blocks
POST   v1/admin/measures                      admin:read
POST   v1/admin/dimensions                    admin:read
POST   v1/admin/retention                     admin:read
GET    v1/admin/trends/tags                   admin:read
GET    v1/admin/trends/statuses               admin:read
GET    v1/admin/trends/links                  admin:read
POST   v1/admin/trends/tags/{}/approve        admin:write
POST   v1/admin/trends/tags/{}/reject         admin:write
POST   v1/admin/trends/statuses/{}/approve    admin:write
POST   v1/admin/trends/statuses/{}/reject     admin:write
POST   v1/admin/trends/links/{}/approve       admin:write
POST   v1/admin/trends/links/{}/reject        admin:write
GET    v1/admin/trends/links/publishers       admin:read
POST   v1/admin/trends/links/publishers/{}/approve admin:write
POST   v1/admin/trends/links/publishers/{}/reject admin:write
GET    v1/admin/tags                          admin:read
GET    v1/admin/tags/{}                       admin:read
PUT    v1/admin/tags/{}                       admin:write
"""

OURS = """
GET    v1/drafts                              read:statuses
POST   v1/drafts                              write:statuses
GET    v1/drafts/{}                           read:statuses
PUT    v1/drafts/{}                           write:statuses
DELETE v1/drafts/{}                           write:statuses
POST   v1/statuses/thread                     write:statuses
POST   v1/statuses/{}/react/{}                write:favourites
POST   v1/statuses/{}/unreact/{}              write:favourites
GET    v1/pleroma/statuses/{}/reactions       ? read:favourites read:statuses
GET    v1/pleroma/statuses/{}/reactions/{}    ? read:favourites read:statuses
PUT    v1/pleroma/statuses/{}/reactions/{}    write:favourites
DELETE v1/pleroma/statuses/{}/reactions/{}    write:favourites
GET    v1/streaming/poll                      read:statuses read:notifications
GET    v1/streaming/public/media              read:statuses
GET    v1/streaming/public/local/media        read:statuses
GET    v1/streaming/public/remote/media       read:statuses
"""


def expected() -> dict[tuple[str, str], str]:
    """Return the table: (method, path) to what it takes."""
    found = {}
    for line in (DOCUMENTED + OURS).split("\n"):
        if line:
            method, path, *asked = line.split()
            assert (method, path) not in found, line
            found[method, path] = " ".join(sorted(asked))
    return found
