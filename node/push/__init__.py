"""Web push: telling a phone or browser that is asleep of a notification (client-api behaviour 22).

An app leaves an address with a push service and two keys (`service.subscribe`); what is told of then becomes a row for
each subscription that wants it (`service.ring`, in the transaction that made the notification), and the PUSH drain
(`sending.py`) encrypts and hands it over. The push service sees when and how much, never what. Doors: `node/api/push`;
effects: `outbox/effects/pushing`.
"""
