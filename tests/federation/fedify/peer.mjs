// A small server built on Fedify, an independent implementation, for the tests beside it to talk with.
//
// One person, `bo`, accepts every follow. What Fedify verified and read of what arrives is kept; what is to be sent
// comes from the test as JSON-LD, is read into Fedify's own classes, and is written, signed and delivered by Fedify.
//
//   GET  /control/received         every activity that Fedify accepted: its type and its JSON-LD, compacted
//   POST /control/send             {to, activity}      deliver to the actor with that id
//   POST /control/publish          {object}            serve an object at its id, which must be under /objects/
//   POST /control/withdraw         {id}                serve it no more
//   POST /control/look_up          {uri, signed}       fetch and read an object, as bo or without a signature
//   POST /control/prove            {activity}          return it with an integrity proof of bo's
//   POST /control/check            {activity}          the type of an activity whose integrity proof holds, else null
//   POST /control/walk             {uri}               read a collection, page by page
//
// Prints `up URL` when it listens. FIRST_KNOCK sets the signature scheme it tries first.

import { createServer } from "node:http";
import { Temporal as Polyfill } from "@js-temporal/polyfill";
import {
  createFederation,
  generateCryptoKeyPair,
  MemoryKvStore,
  signObject,
  verifyObject,
} from "@fedify/fedify";
import * as vocab from "@fedify/vocab";

globalThis.Temporal ??= Polyfill;

const received = [];
const objects = new Map();
const followers = new Map();
const sent = [];

const server = createServer(answer);
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const federation = createFederation({
  kv: new MemoryKvStore(),
  origin,
  allowPrivateAddress: true,
  firstKnock: process.env.FIRST_KNOCK || undefined,
});

const keyPairs = [
  await generateCryptoKeyPair("RSASSA-PKCS1-v1_5"),
  await generateCryptoKeyPair("Ed25519"),
];

federation
  .setActorDispatcher("/users/{identifier}", async (context, identifier) => {
    if (identifier !== "bo") return null;
    const keys = await context.getActorKeyPairs(identifier);
    return new vocab.Person({
      id: context.getActorUri(identifier),
      preferredUsername: identifier,
      name: "Bo",
      summary: "<p>Built on Fedify</p>",
      url: new URL("/@bo", origin),
      inbox: context.getInboxUri(identifier),
      outbox: context.getOutboxUri(identifier),
      followers: context.getFollowersUri(identifier),
      endpoints: new vocab.Endpoints({ sharedInbox: context.getInboxUri() }),
      publicKey: keys[0].cryptographicKey,
      assertionMethods: keys.map((key) => key.multikey),
    });
  })
  .setKeyPairsDispatcher(() => keyPairs);

federation.setOutboxDispatcher("/users/{identifier}/outbox", () => ({ items: [...sent].reverse() }));
federation.setFollowersDispatcher("/users/{identifier}/followers", () => ({ items: [...followers.values()] }));
for (const type of [vocab.Note, vocab.Question, vocab.Article, vocab.QuoteAuthorization]) {
  const path = type === vocab.Note ? "/objects/{id}" : `/objects/${type.name.toLowerCase()}/{id}`;
  federation.setObjectDispatcher(type, path, (context, { id }) => {
    const found = objects.get(context.getObjectUri(type, { id }).href);
    return found instanceof type ? found : null;
  });
}

const inbox = federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .setSharedKeyDispatcher(() => ({ identifier: "bo" }));

inbox.on(vocab.Follow, async (context, follow) => {
  await keep(context, follow);
  const follower = await follow.getActor(context);
  followers.set(follower.id.href, { id: follower.id, inboxId: follower.inboxId, endpoints: follower.endpoints });
  const accept = new vocab.Accept({
    id: new URL(`#accepts/${received.length}`, context.getActorUri("bo")),
    actor: context.getActorUri("bo"),
    object: follow,
  });
  await context.sendActivity({ identifier: "bo" }, follower, accept, { immediate: true });
});
inbox.on(vocab.Activity, keep);

async function keep(context, activity) {
  const document = await activity.toJsonLd({ format: "compact", contextLoader: context.contextLoader });
  received.push({ type: activity.constructor.name, document });
}

const commands = {
  async send(context, { to, activity }) {
    const recipient = await context.lookupObject(to);
    const read = await vocab.Activity.fromJsonLd(activity, context);
    if (read instanceof vocab.Create) sent.push(read);
    await context.sendActivity({ identifier: "bo" }, recipient, read, { immediate: true });
  },
  async publish(context, { object }) {
    const read = await vocab.Object.fromJsonLd(object, context);
    objects.set(read.id.href, read);
  },
  async withdraw(_context, { id }) {
    objects.delete(id);
  },
  async look_up(context, { uri, signed }) {
    const options = signed ? { documentLoader: await context.getDocumentLoader({ identifier: "bo" }) } : {};
    const found = await context.lookupObject(uri, options);
    if (found == null) return null;
    const document = await found.toJsonLd({ format: "compact", contextLoader: context.contextLoader });
    return { type: found.constructor.name, document };
  },
  async prove(context, { activity }) {
    const read = await vocab.Activity.fromJsonLd(activity, context);
    const [, key] = await context.getActorKeyPairs("bo");
    const proven = await signObject(read, key.privateKey, key.multikey.id, context);
    return await proven.toJsonLd({ format: "compact", contextLoader: context.contextLoader });
  },
  async check(context, { activity }) {
    const verified = await verifyObject(vocab.Activity, activity, context);
    return verified?.constructor.name ?? null;
  },
  async walk(context, { uri }) {
    const collection = await context.lookupObject(uri);
    const items = [];
    for await (const item of context.traverseCollection(collection)) {
      items.push({ type: item.constructor.name, id: item.id?.href });
    }
    return { total: collection.totalItems, items };
  },
};

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const url = new URL(request.url, origin);
  let answered;
  try {
    answered = url.pathname.startsWith("/control/")
      ? await control(url.pathname.slice("/control/".length), body)
      : await federation.fetch(
        new Request(url, {
          method: request.method,
          headers: request.headers,
          body: ["GET", "HEAD"].includes(request.method) ? undefined : body,
        }),
        { contextData: undefined },
      );
  } catch (error) {
    answered = Response.json({ error: String(error?.stack ?? error), cause: String(error?.cause ?? "") }, { status: 500 });
  }
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(Buffer.from(await answered.arrayBuffer()));
}

async function control(command, body) {
  if (command === "received") return Response.json(received);
  const context = federation.createContext(new URL(origin));
  const result = await commands[command](context, JSON.parse(body));
  return Response.json(result ?? null);
}

process.stdin.on("end", () => process.exit(0)).resume();
console.log(`up ${origin}`);
