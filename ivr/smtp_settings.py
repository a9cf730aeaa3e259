"""The mail server of the house, as the site file names it (`smtp`): notices go nowhere else."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from ivr.keys import Keys
from ivr.services import is_here

EmailAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$",
        max_length=254,
    ),
]
"""One that needs no quotes: nothing in it can be read as anything but an address."""
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
Printable = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,256}$")]
IN_THE_CLEAR = (
    "notices and the password would go out in the clear: use `starttls` or `tls`, or write "
    "`plain: true` for a network that you trust"
)
PORTS = {"starttls": 587, "tls": 465, "none": 25}


class SmtpSettings(Keys):
    """Where notices are handed over, and as whom."""

    host: Host
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """None: 587 with `starttls`, 465 with `tls`, 25 with `none`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: encrypted before anything is said, or not at all. `tls`: from the first byte."""
    plain: bool = False
    """Whether a server outside this machine may be spoken to without encryption."""
    user: Printable | None = None
    password: Printable | None = Field(default=None, repr=False)
    from_: EmailAddress = Field(alias="from")
    """The sender of the notices."""
    seconds: Annotated[float, Field(ge=1, le=120)] = 20.0
    """So long one mail may take, from the first byte to the last."""

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.in_the_clear and not self.plain:
            raise ValueError(IN_THE_CLEAR)
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        return self

    @property
    def in_the_clear(self) -> bool:
        """Whether others could read what is sent there: not encrypted, and not to this machine."""
        return self.security == "none" and not is_here(self.host)

    @property
    def number(self) -> int:
        """The port."""
        return self.port or PORTS[self.security]
