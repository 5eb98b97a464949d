"""The design that most would write first: a signal on save, and a Celery task per transition, per step and per message.

It is the other side of our ratios, and of `make chaos`. It is meant to be honest, not bad: short, readable, with the
retries that Celery's manual shows, and a schema of its own that is smaller than ours.

    python -m benchmarks.naive tables            make its tables (naive_*) in DATABASE_URL
    python -m benchmarks.naive load FILE         customers, orders and campaigns from a JSON file (see loading.py)
    python -m benchmarks.naive feed FILE         save each change of a file of JSON lines; prints the seconds it took
    python -m benchmarks.naive begin N           start N runs of the first campaign; prints the seconds it took
    gunicorn benchmarks.naive.wsgi               POST /status-changes/ takes one change, or a list of them
    celery --app benchmarks.naive.celery worker --concurrency 2

A change is {"order", "type", "code"}, as our API takes it; what else it says is not looked at. The environment gives
DATABASE_URL, REDIS_URL, REDIS_PREFIX, GATEWAY_URL (it posts to GATEWAY_URL/send) and, tuned, CELERY_DB_REUSE_MAX.
"""
