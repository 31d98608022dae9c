"""The two errors every room speaks: one for people, one for the engine."""

from typing import Any


class Refused(Exception):
    """A request that the product declines, told to a person.

    `code` is a stable English slug which the user interface translates; `facts` are the values its sentence
    needs. Facts reach screens and logs, so they never hold personal data.
    """

    def __init__(self, code: str, status: int = 422, **facts: Any) -> None:
        self.code = code
        self.status = status
        self.facts = facts
        super().__init__(code)

    def __str__(self) -> str:
        if not self.facts:
            return self.code
        return f"{self.code} ({', '.join(f'{name}={value}' for name, value in self.facts.items())})"


class ConfigError(Refused):
    """A setting that is missing, unreadable or dangerous: the process must not start."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__("config", 500, variable=variable, problem=problem)
        self.args = (variable, problem)

    def __str__(self) -> str:
        return f"{self.facts['variable']}: {self.facts['problem']}"


class SendError(Exception):
    """A supplier did not take a message; `action` is a key of the connector's failure table."""

    def __init__(self, retryable: bool, supplier_code: str, action: str) -> None:
        self.retryable = retryable
        self.supplier_code = supplier_code
        self.action = action
        super().__init__(retryable, supplier_code, action)

    def __str__(self) -> str:
        return f"supplier answered {self.supplier_code}: {self.action}"
