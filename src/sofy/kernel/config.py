"""Every setting of the product, read once from a mapping (the environment) into one frozen object.

Each setting is the variable SOFY_<NAME>; SOFY_<NAME>_FILE names a file that holds the value instead (for secrets).
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec
from msgspec import Meta

from sofy.kernel.errors import ConfigError

__all__ = ["Config", "ConfigError", "Environment", "Setting", "settings", "unknown_variables"]

PREFIX = "SOFY_"
Environment = Literal["production", "development", "demo", "training", "test"]
_YES_AND_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process; Django's settings and the engine receive the same object."""

    environment: Annotated[Environment, Meta(description="What this installation is for.")] = "development"
    database_url: Annotated[
        str | None,
        Meta(
            description="Administrator's address of a PostgreSQL server; without it, the embedded one.",
            extra={"secret": True},
        ),
    ] = None
    var_dir: Annotated[Path, Meta(description="Folder of everything the product writes.")] = Path("var")
    secrets_dir: Annotated[Path, Meta(description="Folder of generated passwords and keys (default: VAR_DIR/secrets).")]
    master_key_file: Annotated[
        Path, Meta(description="File of the master key, created at first start (default: SECRETS_DIR/master.key).")
    ]
    host: Annotated[str, Meta(description="Address the web process listens on.")] = "127.0.0.1"
    web_port: Annotated[int, Meta(ge=0, le=65535, description="Port the web process listens on; 0 picks one.")] = 8000
    base_url: Annotated[str, Meta(description="Address people use, without a final slash (default: from WEB_PORT).")]
    api_port: Annotated[int, Meta(ge=0, le=65535, description="Port the API listens on; 0 picks one.")] = 8001
    api_url: Annotated[
        str, Meta(description="Address programs use for the API, without a final slash (default: from API_PORT).")
    ]
    vies_url: Annotated[
        str, Meta(description="Where VAT numbers are asked about (empty: VIES in production, nobody elsewhere).")
    ] = ""
    smpp_name: Annotated[
        str, Meta(description="Host name clients' software connects to over SMPP (empty: that of API_URL).")
    ] = ""
    smpp_host: Annotated[
        str, Meta(description="Address that SMPP without encryption listens on; keep it on the machine itself.")
    ] = "127.0.0.1"
    smpp_port: Annotated[
        int, Meta(ge=0, le=65535, description="Port of SMPP for clients' software, without encryption; 0 picks one.")
    ] = 2776
    smpps_host: Annotated[str, Meta(description="Address that SMPP over TLS listens on.")] = "127.0.0.1"
    smpps_port: Annotated[
        int, Meta(ge=0, le=65535, description="Port of SMPP over TLS, which needs SMPP_CERT_FILE; 0 picks one.")
    ] = 3550
    smpp_cert_file: Annotated[
        Path | None, Meta(description="Certificate of SMPP over TLS with those above it, in PEM.")
    ] = None
    smpp_key_file: Annotated[Path | None, Meta(description="Its private key, when it is not in the same file.")] = None
    proxies: Annotated[
        int,
        Meta(
            ge=0,
            le=5,
            description="Reverse proxies before pages and API; with any, X-Forwarded-For and -Proto are believed.",
        ),
    ] = 0
    clock_file: Annotated[
        Path | None,
        Meta(description="File that shifts the clock, for demo, training and tests; refused in production."),
    ] = None
    dns_server: Annotated[
        str,
        Meta(description="DNS server that e-mail domains are looked up at, HOST or HOST:PORT; empty: the machine's."),
    ] = ""
    smtp_host: Annotated[
        str, Meta(description="Mail server for log-in and report mails; empty writes them to VAR_DIR.")
    ] = ""
    smtp_port: Annotated[int, Meta(ge=1, le=65535, description="Port of the mail server.")] = 587
    smtp_user: Annotated[str, Meta(description="Login on the mail server.")] = ""
    smtp_password: Annotated[str, Meta(description="Password on the mail server.", extra={"secret": True})] = ""
    platform_url: Annotated[
        str, Meta(description="Address of the approved platform invoices are deposited at (empty: none are).")
    ] = ""
    platform_token_url: Annotated[
        str, Meta(description="Where the platform gives tokens out (empty: /oauth/token of PLATFORM_URL).")
    ] = ""
    platform_client_id: Annotated[str, Meta(description="Account at the approved platform.")] = "sofy"
    platform_client_secret: Annotated[
        str, Meta(description="Secret of the account at the approved platform.", extra={"secret": True})
    ] = ""
    smtp_tls: Annotated[bool, Meta(description="Whether the mail server must offer TLS.")] = True
    smtp_from: Annotated[str, Meta(description="Sender of the product's own mails.")] = "sofy@localhost"
    reminder_days: Annotated[
        str, Meta(description="Days from the due date on which invoices are brought to mind; below zero: before it.")
    ] = "-5,3,10"
    formal_notice_after_days: Annotated[
        int,
        Meta(ge=0, le=365, description="Days late after which a formal notice leaves by itself; 0: staff sends it."),
    ] = 0
    second_channel_after_days: Annotated[
        int, Meta(ge=1, le=90, description="Days without proof after which a notice has to go by another channel.")
    ] = 5
    metrics_host: Annotated[
        str, Meta(description="Address where each process answers a monitor (/metrics, /healthz, /readyz).")
    ] = "127.0.0.1"
    metrics_port: Annotated[
        int,
        Meta(ge=0, le=65535, description="Port where this process answers a monitor; 0: it does not. One per process."),
    ] = 0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least severe record that is logged.")
    ] = "info"

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def fictional_numbers(self) -> bool:
        """Whether phone numbers reserved for fiction are accepted."""
        return not self.production

    @classmethod
    def load(cls, mapping: Mapping[str, str], read_file: Callable[[str], str] | None = None) -> "Config":
        """The settings found in `mapping`; `read_file` gives the text of a file, for the _FILE variants.

        Raises: ConfigError, naming the variable and what to do.
        """
        given = {s.name: value for s in settings() if (value := _given(s, mapping, read_file)) is not None}
        var_dir = given.setdefault("var_dir", Path("var"))
        secrets_dir = given.setdefault("secrets_dir", var_dir / "secrets")
        given.setdefault("master_key_file", secrets_dir / "master.key")
        given.setdefault("base_url", f"http://localhost:{given.get('web_port', 8000)}")
        given["base_url"] = given["base_url"].rstrip("/")
        given.setdefault("api_url", f"http://localhost:{given.get('api_port', 8001)}")
        given["api_url"] = given["api_url"].rstrip("/")
        config = cls(**given)
        if config.database_url and not config.database_url.startswith(("postgresql://", "postgres://")):
            raise ConfigError(f"{PREFIX}DATABASE_URL", "the address of a PostgreSQL server begins with postgresql://")
        _refuse_dangerous(config)
        return config

    def __repr__(self) -> str:
        shown = ", ".join(f"{s.name}={_shown(s, getattr(self, s.name))!r}" for s in settings())
        return f"Config({shown})"


class Setting(NamedTuple):
    """One row of the reference page."""

    name: str
    variable: str
    type: Any
    annotated: Any
    default: Any
    description: str
    secret: bool

    @property
    def is_path(self) -> bool:
        """Paths have no _FILE variant: their variable already names a file or folder."""
        return self.type in (Path, Path | None)


def settings() -> Iterator[Setting]:
    """Every setting with its variable, default and description."""
    hints = get_type_hints(Config, include_extras=True)
    for field in msgspec.structs.fields(Config):
        bare, meta = get_args(hints[field.name])
        yield Setting(
            name=field.name,
            variable=PREFIX + field.name.upper(),
            type=bare,
            annotated=hints[field.name],
            default=None if field.required else field.default,
            description=meta.description,
            secret="secret" in (meta.extra or {}),
        )


#: Variables of tests and tools, which are no settings of the product.
_OTHERS = ("SOFY_BROWSER", "SOFY_NO_BROWSER", "SOFY_DATABASE_ROLE")
_OF_TESTS = "SOFY_TEST_"


def unknown_variables(mapping: Mapping[str, str]) -> dict[str, str | None]:
    """SOFY_ variables that nothing reads -> the setting probably meant, if any."""
    known = [s.variable for s in settings()]
    accepted = {*known, *_OTHERS, *(f"{s.variable}_FILE" for s in settings() if not s.is_path)}
    unknown = (
        name for name in mapping if name.startswith(PREFIX) and name not in accepted and not name.startswith(_OF_TESTS)
    )
    return {name: next(iter(difflib.get_close_matches(name, known, 1, cutoff=0.8)), None) for name in unknown}


def _given(setting: Setting, mapping: Mapping[str, str], read_file: Callable[[str], str] | None) -> Any:
    variable, file_variable = setting.variable, f"{setting.variable}_FILE"
    raw = mapping.get(variable)
    if not setting.is_path and (path := mapping.get(file_variable)):
        if raw:
            raise ConfigError(variable, f"set either {variable} or {file_variable}, not both")
        if read_file is None:
            raise ConfigError(file_variable, "files cannot be read here")
        try:
            raw = read_file(path).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(file_variable, f"cannot read {path}: {error}") from error
    if not raw:
        return None
    try:
        return _convert(raw, setting)
    except msgspec.ValidationError as error:
        shown = "the value" if setting.secret else repr(raw)
        raise ConfigError(variable, f"{shown} does not fit: {error}") from error


def _convert(raw: str, setting: Setting) -> Any:
    if setting.is_path:
        return Path(raw)
    if setting.type is bool:
        raw = _YES_AND_NO.get(raw.lower(), raw.lower())
    return msgspec.convert(raw, setting.annotated, strict=False)


def _refuse_dangerous(config: Config) -> None:
    if not config.production:
        return
    if config.clock_file is not None:
        raise ConfigError("SOFY_CLOCK_FILE", "a shifted clock is refused in production: remove this variable")
    if not config.base_url.startswith("https://"):
        raise ConfigError("SOFY_BASE_URL", "production needs an https:// address, which links and cookies rely on")


def _shown(setting: Setting, value: Any) -> Any:
    return "***" if setting.secret and value else value
