"""The queues of background work, by name: a worker answers to some of them or all."""

# Orders entering campaigns and going from step to step.
RUNS = "runs"
# Messages on their way to a gateway.
SENDING = "sending"
# Webhooks on their way to their endpoints.
CALLS = "calls"
# Segments counted, history read and reports made ready: nobody's text waits for that.
ANALYTICS = "analytics"

QUEUES = (RUNS, SENDING, CALLS, ANALYTICS)
