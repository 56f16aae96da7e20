"""How long suggestions for a misspelt word take, and how often they hold the word that was meant.

    python benchmarks/spelling.py [--model FILE] [--words 400000]

Without a model the vocabulary is made up: the words that were meant, among others of random syllables. The misspellings
are common ones of English.
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from wordkin import WordVectors
from wordkin.vectors.spelling import closest
from wordkin.vocabulary import Vocabulary

MISSPELT = """kign king, Kingg king, dgo dog, kat cat, recieve receive, seperate separate, definately definitely,
wierd weird, freind friend, beleive believe, untill until, tommorow tomorrow, adress address, goverment government,
occured occurred, buisness business, calender calendar, teh the, adn and, langauge language, becuase because,
thier their, neccessary necessary, enviroment environment, febuary february, libary library, wich which,
recomend recommend, publically publicly, wrold world, computr computer, sceince science, begining beginning,
beautifull beautiful, existance existence, foriegn foreign, independant independent, knowlege knowledge,
occassion occasion, posession possession, relevent relevant, religous religious, rythm rhythm, succesful successful,
suprise surprise, vaccum vacuum, acheive achieve, arguement argument, collegue colleague, concious conscious,
dissapear disappear, embarass embarrass, familar familiar, garantee guarantee, immediatly immediately, lenght length,
parliment parliament, persistant persistent, speach speech, strenght strength, tounge tongue, quen queen,
berln berlin, hosue house, watre water, muisc music, moutain mountain, elefant elephant, filosophy philosophy,
nife knife, enuf enough"""
PAIRS = [pair.split() for pair in MISSPELT.split(",")]


def made_up(words: int) -> Vocabulary:
    """The words that were meant, spread among others of three syllables."""
    generator = np.random.default_rng(1)
    syllables = np.array(
        [first + vowel + last for first in "bcdfghklmnprstvw" for vowel in "aeiou" for last in ("", "n")]
    )
    others = generator.permutation(len(syllables) ** 3)[:words] if len(syllables) ** 3 > words else np.arange(words)
    parts = np.array(np.unravel_index(others, (len(syllables),) * 3)).T
    found = ["".join(syllables[row].tolist()) for row in parts]
    found[1000 : 1000 + 50 * len(PAIRS) : 50] = [meant for _, meant in PAIRS]
    found = list(dict.fromkeys(found))
    return Vocabulary.from_words(found, np.arange(len(found), 0, -1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="whose vocabulary is asked")
    parser.add_argument("--words", type=int, default=400_000, help="of a vocabulary that is made up")
    options = parser.parse_args()
    vocabulary = WordVectors.load(options.model).vocabulary if options.model else made_up(options.words)
    closest("warmed", vocabulary)
    first = among = asked = 0
    seconds, own = [], []
    for misspelt, meant in PAIRS:
        if misspelt in vocabulary or meant not in vocabulary:
            continue
        begin, own_begin = time.perf_counter(), time.process_time()
        found = closest(misspelt, vocabulary)
        seconds.append(time.perf_counter() - begin)
        own.append(time.process_time() - own_begin)
        asked += 1
        first += found[:1] == (meant,)
        among += meant in found
    print(f"{len(vocabulary):,} words, {asked} misspelt ones: right first {first} times, among three {among} times")
    print(
        f"{1000 * statistics.median(seconds):.1f} ms each, at most {1000 * max(seconds):.1f}; "
        f"of the processor's time {1000 * statistics.median(own):.1f}, at most {1000 * max(own):.1f}"
    )


if __name__ == "__main__":
    main()
