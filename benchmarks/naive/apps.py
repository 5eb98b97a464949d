from django.apps import AppConfig


class NaiveConfig(AppConfig):
    name = "benchmarks.naive"
    label = "naive"

    def ready(self) -> None:
        from benchmarks.naive import receivers  # noqa: F401
