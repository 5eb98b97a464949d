"""Reports: what became of orders, counted by days of the installation's time zone. docs/analytics.md says how."""
