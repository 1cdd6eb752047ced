"""Letters that tell people what happened to the security of their account: all from one template, so that somebody
who did not do it themselves knows at once what to do."""

from node.accounts.queries import find_account
from node.auth.queries import find_user
from node.mail.letters import Letter, Occasion, letter

SECOND_ON = "second-on"
SECOND_OFF = "second-off"
PASSKEY_ADDED = "factor-added"
CODES_MADE = "codes-made"
CODE_USED = "code-used"

_WORDS = {
    SECOND_ON: (
        "Two-step sign-in is on",
        "Two-step sign-in was just switched on for your account, and every other browser and app was signed out.",
    ),
    SECOND_OFF: ("Two-step sign-in is off", "Two-step sign-in was just switched off for your account."),
    PASSKEY_ADDED: ("A new way to sign in", "A passkey or authenticator app was just added to your account."),
    CODES_MADE: ("New recovery codes", "New recovery codes were just made for your account. The old ones are void."),
    CODE_USED: ("A recovery code was used", "Somebody just signed in to your account with a recovery code."),
}


async def _compose(occasion: Occasion) -> Letter | None:
    account_id = occasion.mail.account_id
    account = await find_account(occasion.uow, account_id) if account_id is not None else None
    if account is None or account.is_gone:
        return None
    user = await find_user(occasion.uow, account.id)
    if user is None:
        return None
    subject, what = _WORDS[occasion.mail.kind]
    context = {"username": account.username, "what": what, "link": f"{occasion.settings.public_url}/settings/security"}
    return Letter(user.email, f"{subject} at {occasion.settings.domain}", context, template="security")


for _kind in _WORDS:
    letter(_kind)(_compose)
