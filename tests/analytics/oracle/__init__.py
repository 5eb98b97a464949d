"""A second opinion: DuckDB answers from the exported tables what analytics answers, and nothing here imports its SQL.

    shops.py    random shops: histories, customers, texts; by seed and size
    export.py   their tables, as DuckDB reads them
    history.py  visits and the path, from inbox and ledger
    rules.py    random rules
    answers.py  of which customers a rule holds
    reports.py  the figures of reports

All of it is written from docs/analytics.md. What fails names its seed and size, with which it can be had again.
"""
