"""Every drain of the node in one place: importing this module registers all of them (`node.base.work.DRAINS`).

Imported by the worker (runs drains), the scheduler (asks which are due) and tests that settle a node.
"""

import inbox.process
import node.auth.letters
import node.completion.jobs
import node.completion.pull_jobs
import node.counts.jobs
import node.mail.jobs
import node.media.jobs
import node.moments.jobs
import node.notifications.letters
import node.polls.jobs
import node.push.sending
import node.remote.cards
import node.remote.jobs
import node.scheduled.jobs
import node.search.jobs
import node.timelines.jobs
import node.trends.tick
import outbox.deliver
import outbox.relay

MODULES = (
    inbox.process,
    node.auth.letters,
    node.completion.jobs,
    node.counts.jobs,
    node.completion.pull_jobs,
    node.mail.jobs,
    node.media.jobs,
    node.moments.jobs,
    node.notifications.letters,
    node.polls.jobs,
    node.push.sending,
    node.remote.cards,
    node.remote.jobs,
    node.scheduled.jobs,
    node.search.jobs,
    node.timelines.jobs,
    node.trends.tick,
    outbox.deliver,
    outbox.relay,
)
