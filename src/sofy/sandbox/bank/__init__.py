"""A bank, simulated: takes files of direct debits and answers with refusals, statements and what comes back."""

from sofy.sandbox.bank.bank import Bank, Day
from sofy.sandbox.bank.profile import PROFILES, Profile, Scripted, Transfer
from sofy.sandbox.bank.state import State

__all__ = ["PROFILES", "Bank", "Day", "Profile", "Scripted", "State", "Transfer"]
