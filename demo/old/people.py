"""Who is who: pure facts about accounts that the three applications would have to agree on.

One person is one number. The shop's member `no` is person `no` unless the account is a second one of somebody
else; two of five community members are people of the shop as well. Among the accounts that are moved, no two of
one application have the same e-mail address: that is what makes the address the key of the merged member table.
"""

from __future__ import annotations

from dataclasses import dataclass

from demo.old import words
from demo.old.sample import Sample

SHOP, COMMUNITY, REJOINED, NAME = 11, 12, 13, 14
# Community members who never were at the shop are numbered from here.
ELSEWHERE = 1 << 40
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Account:
    """One row of a member table.

    person: whose account it is.
    left: the person withdrew; the row is kept by the old application and is not moved.
    duplicate_of: number of the account that the shop's nightly job declared the right one; 0 for none.
    has_email: False where the address is an empty string.
    """

    person: int
    left: bool = False
    duplicate_of: int = 0
    has_email: bool = True

    @property
    def moved(self) -> bool:
        """Whether the account becomes (part of) a row of the new member table."""
        return not self.left and not self.duplicate_of


def shop_account(sample: Sample, no: int) -> Account | None:
    """The shop's member `no`, or None where the number is a gap (1 %).

    4 % have withdrawn, 1 % are marked as duplicates of an earlier account, 0.5 % have no e-mail address, and some
    of those who withdrew came back with a new account and the same address in other letters.
    """
    kind = _kind(sample, SHOP, no)
    if kind < 10:
        return None
    if kind < 50:
        return Account(no, left=True)
    if kind < 60 and no > 7 and _kind(sample, SHOP, no - 7) >= 65:
        return Account(_person_of_returning(sample, SHOP, no - 7, 11), duplicate_of=no - 7)
    if 60 <= kind < 65:
        return Account(no, has_email=False)
    return Account(_person_of_returning(sample, SHOP, no, 11))


def community_account(sample: Sample, uid: int) -> Account | None:
    """The community's member `uid`, or None where the number is a gap (1 %). 3 % have left."""
    kind = _kind(sample, COMMUNITY, uid)
    if kind < 10:
        return None
    if kind < 40:
        return Account(_community_person(uid), left=True)
    if kind < 45:
        return Account(_community_person(uid), has_email=False)
    return Account(_community_person(_person_of_returning(sample, COMMUNITY, uid, 5)))


def is_moved(account: Account | None) -> bool:
    """Whether there is such an account and it becomes (part of) a row of the new member table."""
    return account is not None and account.moved


def email_of(sample: Sample, person: int) -> str:
    """The person's address in lower case; no two persons share one."""
    dice = sample.mix(NAME, person)
    given = words.ROMAN_GIVEN[dice % len(words.ROMAN_GIVEN)]
    surname = words.ROMAN_SURNAMES[(dice >> 8) % len(words.ROMAN_SURNAMES)]
    return f"{given}.{surname}.{_base36(person)}@{words.MAIL_DOMAINS[(dice >> 16) % len(words.MAIL_DOMAINS)]}"


def name_of(sample: Sample, person: int) -> str:
    """The person's name."""
    dice = sample.mix(NAME, person)
    return words.SURNAMES[(dice >> 8) % len(words.SURNAMES)] + words.GIVEN[(dice >> 24) % len(words.GIVEN)]


def _kind(sample: Sample, salt: int, number: int) -> int:
    return sample.mix(salt, number) % 1000


def _community_person(uid: int) -> int:
    return 2 * uid if uid % 5 < 2 else ELSEWHERE + uid


def _person_of_returning(sample: Sample, salt: int, number: int, distance: int) -> int:
    """The number of the account whose person holds `number`: an earlier one where somebody left and came back."""
    earlier = number - distance
    left = range(10, 50) if salt == SHOP else range(10, 40)
    came_back = earlier > 0 and _kind(sample, salt, earlier) in left and sample.one_in(3, REJOINED, number)
    return earlier if came_back else number


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return digits or "0"
