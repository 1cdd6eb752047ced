// One session of masto.js: does what Elk and Phanpy do with it, and prints what it saw as one line of JSON.
// Environment: URL, TOKEN (who acts), OTHER (somebody else's token).
import { createRestAPIClient, createStreamingAPIClient, createOAuthAPIClient } from "masto";

const { URL: url, TOKEN: accessToken, OTHER: otherToken } = process.env;
const api = createRestAPIClient({ url, accessToken });
const other = createRestAPIClient({ url, accessToken: otherToken });
const seen = {};

async function until(ask) {
  for (let round = 0; round < 200; round++) {
    const found = await ask();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  throw new Error(`it did not happen: ${ask}`);
}

const refused = (promise) => promise.then(() => null, (error) => error.statusCode ?? String(error));

// Log in: an app, and the metadata that says whether PKCE is to be used.
const app = await api.v1.apps.create({ clientName: "session", redirectUris: "urn:ietf:wg:oauth:2.0:oob", scopes: "read" });
const anonymous = createOAuthAPIClient({ url });
const appToken = await anonymous.token.create({
  grantType: "client_credentials", clientId: app.clientId, clientSecret: app.clientSecret,
  redirectUri: "urn:ietf:wg:oauth:2.0:oob", scope: "read",
});
seen.appToken = typeof appToken.accessToken;
await anonymous.revoke({ clientId: app.clientId, clientSecret: app.clientSecret, token: appToken.accessToken });

const instance = await api.v2.instance.fetch();
seen.instance = { domain: instance.domain, streaming: instance.configuration.urls.streaming };
const me = await api.v1.accounts.verifyCredentials();
seen.me = me.acct;

// Listen before anything happens.
const streaming = createStreamingAPIClient({ streamingApiUrl: instance.configuration.urls.streaming, accessToken: otherToken });
const heard = [];
const listening = (async () => {
  for await (const event of streaming.public.local.subscribe()) {
    heard.push(event.event);
    if (event.event === "delete") break;
  }
})();
await new Promise((wake) => setTimeout(wake, 1500));

// Post with a picture, both ways of uploading; a poll; reply; edit.
const png = await (await fetch(`${url}${process.env.PICTURE}`)).blob();
const picture = await api.v2.media.create({ file: png, description: "A picture" });
const post = await api.v1.statuses.create({ status: "From #JavaScript", mediaIds: [picture.id] });
seen.alt = (await other.v1.statuses.$select(post.id).fetch()).mediaAttachments[0].description;
const poll = await api.v1.statuses.create({ status: "Which?", poll: { options: ["this", "that"], expiresIn: 3600 } });
await other.v1.polls.$select(poll.poll.id).votes.create({ choices: [1] });
seen.votes = (await api.v1.polls.$select(poll.poll.id).fetch()).options.map((option) => option.votesCount);
const reply = await other.v1.statuses.create({ status: "An answer", inReplyToId: post.id });
await other.v1.statuses.$select(reply.id).update({ status: "A better answer" });
seen.thread = (await api.v1.statuses.$select(post.id).context.fetch()).descendants.map((found) => found.content);

// Like, boost, bookmark.
const theirs = other.v1.statuses.$select(post.id);
seen.liked = (await theirs.favourite()).favourited;
seen.boost = (await theirs.reblog()).reblog.id === post.id;
seen.bookmarked = (await theirs.bookmark()).bookmarked;
seen.counts = await api.v1.statuses.$select(post.id).fetch().then((found) => [found.favouritesCount, found.reblogsCount]);

// Notifications, one by one and in groups.
await until(async () => (await api.v1.notifications.list({ types: ["favourite", "reblog"] })).length === 2);
const grouped = await api.v2.notifications.list({ types: ["favourite", "reblog"] });
seen.groups = grouped.notificationGroups.map((group) => group.type).sort();

// Lists, filters, hashtags, markers, preferences.
await other.v1.accounts.$select(me.id).follow();
const list = await other.v1.lists.create({ title: "People", exclusive: true });
await other.v1.lists.$select(list.id).accounts.create({ accountIds: [me.id] });
seen.listed = (await other.v1.timelines.list.$select(list.id).list()).map((found) => found.id).includes(post.id);
await other.v1.lists.$select(list.id).accounts.remove({ accountIds: [me.id] });
await other.v1.lists.$select(list.id).remove();
const filter = await other.v2.filters.create({ title: "Scripts", context: ["public"], filterAction: "warn",
  keywordsAttributes: [{ keyword: "javascript", wholeWord: "true" }] });
seen.filtered = (await other.v1.timelines.public.list({ local: true })).find((found) => found.id === post.id)
  .filtered.map((result) => result.filter.title);
await other.v2.filters.$select(filter.id).remove();
seen.followsTag = (await other.v1.tags.$select("javascript").follow()).following;
await other.v1.tags.$select("javascript").unfollow();
await api.v1.markers.create({ home: { lastReadId: post.id } });
seen.marker = (await api.v1.markers.fetch({ timeline: ["home"] })).home.lastReadId === post.id;
seen.visibility = (await api.v1.preferences.fetch())["posting:default:visibility"];

// Search, paging by Link, push.
seen.tags = (await api.v2.search.list({ q: "javascript", type: "hashtags" })).hashtags.map((tag) => tag.name.toLowerCase());
const pages = [];
for await (const page of api.v1.accounts.$select(me.id).statuses.list({ limit: 1 })) {
  pages.push(page.length);
  if (pages.length === 2) break;
}
seen.pages = pages;
const keys = { p256dh: process.env.P256DH, auth: process.env.AUTH };
const push = await api.v1.push.subscription.create({ subscription: { endpoint: "https://push.example/x", keys },
  data: { alerts: { mention: true } }, policy: "all" });
seen.push = push.alerts.mention;
await api.v1.push.subscription.remove();
seen.noPush = await refused(api.v1.push.subscription.fetch());

// What is somebody else's stays theirs.
seen.notMine = await refused(other.v1.statuses.$select(post.id).remove());

await api.v1.statuses.$select(post.id).remove();
await Promise.race([listening, new Promise((wake) => setTimeout(wake, 15000))]);
streaming.close();
seen.gone = await refused(other.v1.statuses.$select(post.id).fetch());
seen.heard = [...new Set(heard)].sort();
for (const id of [poll.id]) await api.v1.statuses.$select(id).remove();
await other.v1.statuses.$select(reply.id).remove();
console.log(JSON.stringify(seen));
