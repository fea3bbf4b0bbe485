#!/usr/bin/env python3
"""Writes fragments.bin, the commonness of molecular fragments that the synthetic accessibility score needs.

The figures are those of RDKit's Contrib/SA_Score (Ertl & Schuffenhauer, J. Cheminform. 2009, 1, 8), which Debian's
package rdkit-data installs:

    apt-get install python3-rdkit
    python3 fragments.py /usr/share/RDKit/Contrib/SA_Score/fpscores.pkl.gz fragments.bin

The file is 8 bytes "ODFRAG\\0\\1", the SHA-256 of the body, and the body compressed with DEFLATE. The body is made of
unsigned LEB128 numbers:

    count of scores
    each score, most frequent first, times 10,000 and zigzag-coded
    count of fragments
    each fragment's Morgan identifier less the one before, in rising order
    each fragment's score, as its place in the list of scores
"""
import collections
import gzip
import hashlib
import pickle
import sys
import zlib

MAGIC = b"ODFRAG\0\1"


def read_scores(path):
    """Returns the score of each fragment, in units of 1/10,000."""
    with gzip.open(path) as file:
        groups = pickle.load(file)
    return {identifier: round(10_000 * group[0]) for group in groups for identifier in group[1:]}


def leb128(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return out


def zigzag(number):
    return 2 * number if number >= 0 else -2 * number - 1


def encode(scores):
    frequency = collections.Counter(scores.values())
    levels = sorted(frequency, key=lambda score: (-frequency[score], score))
    place = {score: i for i, score in enumerate(levels)}
    identifiers = sorted(scores)
    body = leb128(len(levels))
    for score in levels:
        body += leb128(zigzag(score))
    body += leb128(len(identifiers))
    before = 0
    for identifier in identifiers:
        body += leb128(identifier - before)
        before = identifier
    for identifier in identifiers:
        body += leb128(place[scores[identifier]])
    return bytes(body)


def main():
    source, target = sys.argv[1:]
    body = encode(read_scores(source))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    with open(target, "wb") as file:
        file.write(MAGIC + hashlib.sha256(body).digest() + deflate.compress(body) + deflate.flush())


if __name__ == "__main__":
    main()
