"""The 1,024 words: told apart by eye, by ear and by their beginnings."""

import re
import shutil
import subprocess
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_auth_edge import machine
from rex_auth_edge.domain.words import WORDS, compared, spelled

HOMOPHONES = """
air heir, aisle isle, allowed aloud, ate eight, ball bawl, bare bear, baron barren, base bass, bazaar bizarre,
beach beech, bean been, beat beet, bell belle, berry bury, berth birth, blew blue, boar bore, board bored,
bold bowled, bolder boulder, bough bow, boy buoy, brake break, bread bred, bridal bridle, bruise brews, bunny bonny,
canvas canvass, carat carrot, caret karat, cast caste, cellar seller, cell sell, cent scent, cereal serial, cheap cheep,
check cheque, choir quire, chord cord, cite site, climb clime, coarse course, colonel kernel, complement compliment,
coral choral, council counsel, creak creek, crews cruise, currant current, cymbal symbol, dear deer, desert dessert,
dew due, die dye, doe dough, draft draught, dual duel, earn urn, fair fare, feat feet, find fined, fir fur, flair flare,
flea flee, flew flu, flour flower, for four, fort fought, foul fowl, gait gate, genes jeans, gorilla guerrilla,
grate great, grill grille, groan grown, guessed guest, hail hale, hair hare, hall haul, hangar hanger, hart heart,
heal heel, hear here, heard herd, higher hire, hoarse horse, hole whole, hour our, idle idol, jam jamb, key quay,
knead need, knight night, knit nit, knot not, know no, lain lane, lead led, leak leek, lessen lesson, load lode,
loan lone, made maid, mail male, main mane, maize maze, manner manor, mantel mantle, marshal martial, meat meet,
medal meddle, metal mettle, mince mints, miner minor, missed mist, moose mousse, morning mourning, muscle mussel,
mustard mustered, naval navel, oar ore, one won, pail pale, pain pane, pair pear, palate pallet, passed past,
patience patients, pause paws, pea pee, peace piece, peak pique, peal peel, pedal peddle, peer pier, pi pie,
pigeon pidgin, plain plane, plum plumb, pole poll, poor pour, pray prey, principal principle, prince prints,
profit prophet, quarts quartz, rain reign, raise rays, rap wrap, read red, real reel, right write, ring wring,
road rode, roe row, role roll, root route, rose rows, rote wrote, rough ruff, sail sale, scene seen, sea see, seam seem,
sew sow, shear sheer, shoe shoo, sleigh slay, soar sore, sole soul, some sum, son sun, staid stayed, stair stare,
stake steak, stationary stationery, steal steel, storey story, straight strait, suite sweet, surf serf, sword soared,
tail tale, tea tee, team teem, tear tier, tern turn, thrown throne, thyme time, tide tied, tire tyre, toad towed,
toe tow, told tolled, vain vein, vale veil, wade weighed, waist waste, wait weight, warn worn, wave waive, way weigh,
weak week, weather whether, weave we've, whale wail, which witch, whine wine, wood would, yoke yolk
"""
RUDE = {
    "ass",
    "bitch",
    "bugger",
    "butt",
    "cock",
    "crap",
    "damn",
    "dick",
    "fart",
    "hell",
    "piss",
    "shit",
    "slut",
    "turd",
}


def distance(first: tuple[str, ...] | str, second: tuple[str, ...] | str) -> int:
    """How many letters or sounds have to be changed, added or taken (Levenshtein); 2 for more."""
    if abs(len(first) - len(second)) > 1:
        return 2
    row = list(range(len(second) + 1))
    for place, mine in enumerate(first, 1):
        next_row = [place]
        for other, theirs in enumerate(second, 1):
            next_row.append(min(row[other] + 1, next_row[-1] + 1, row[other - 1] + (mine != theirs)))
        if min(next_row) > 1:
            return 2
        row = next_row
    return row[-1]


def test_there_are_enough_and_they_are_plain() -> None:
    """1,024, in order, of 3 to 8 letters; none that one wouldn't say before a child."""
    assert len(set(WORDS)) == len(WORDS) == 1024
    assert list(WORDS) == sorted(WORDS)
    assert all(re.fullmatch("[a-z]{3,8}", word) for word in WORDS)
    assert not set(WORDS) & RUDE


def test_four_letters_tell_a_word() -> None:
    """No two begin with the same four letters, and none begins another: without spaces they are read alike."""
    assert len({word[:4] for word in WORDS}) == 1024
    assert [(one, two) for one, two in pairwise(WORDS) if two.startswith(one)] == []


def test_none_has_a_homophone() -> None:
    """Of words that sound like another none is in the list: what is heard is what is written."""
    alike = {word for pair in HOMOPHONES.split(",") for word in pair.split()}
    assert len(alike) > 300
    assert alike & set(WORDS) == set()


def test_they_look_different() -> None:
    """One wrong letter makes no other word of the list."""
    near = [(one, two) for one, two in combinations(WORDS, 2) if distance(one, two) < 2]
    assert near == []


@pytest.mark.parametrize("voice", ["en-us", "en-gb"])
def test_they_sound_different(voice: str) -> None:
    """As espeak-ng speaks them, any two differ in two sounds or more."""
    if shutil.which("espeak-ng") is None:
        said = "espeak-ng isn't installed. On Debian: apt install espeak-ng"
        pytest.fail(said) if machine.environment().get("CI") == "true" else pytest.skip(said)
    command = ["espeak-ng", "-q", "-x", "-v", voice, "--stdin"]
    spoken = subprocess.run(command, input=".\n".join(WORDS) + ".\n", capture_output=True, text=True, check=True)
    lines = [re.sub(r"[',_|;%=\s]", "", line) for line in spoken.stdout.splitlines() if line.strip()]
    sounds = [tuple(re.findall(r"[a-zA-Z@][:2#0-9]*|[0-9]", line)) for line in lines]
    assert len(sounds) == 1024
    pairs = combinations(zip(WORDS, sounds, strict=True), 2)
    assert [(one, two) for (one, mine), (two, theirs) in pairs if distance(mine, theirs) < 2] == []


@given(st.binary(min_size=32, max_size=32), st.integers(0, 39))
def test_each_bit_is_spoken(digest: bytes, bit: int) -> None:
    """Four words say the first 40 bits: with one of them changed, others are said; bits behind them say nothing."""
    number = int.from_bytes(digest)
    other = (number ^ 1 << 255 - bit).to_bytes(32)
    assert spelled(digest, 4) != spelled(other, 4)
    assert spelled(digest, 4) == spelled((number ^ 1 << 215).to_bytes(32), 4)
    assert len(spelled(digest, 4)) == 4


def test_six_words_hang_on_all_that_they_are_for() -> None:
    """Another CA, another key or another asking has other words."""
    first = compared(bytes(32), "key", "nonce")
    others = {compared(b"x" * 32, "key", "nonce"), compared(bytes(32), "yek", "nonce"), compared(bytes(32), "key", "n")}
    assert len(first) == 6
    assert len({first, *others}) == 4
