#!/usr/bin/env python3
"""Paths made up at random, and what MARKOV and SHAPLEY give for them, solved apart from the program.

    pip install numpy
    python3 tests/figures/expected.py > tests/figures/expected.json

MARKOV solves one system of equations for each value that is removed. SHAPLEY is the definition: over all
coalitions S of values, v(S) being the conversions whose values all lie in S.
"""

import itertools
import json
import math
import random

import numpy as np

CONVERSION = "!"


def customers(rng, values, count):
    """Each is a list of values and conversions, in order."""
    made = []
    for _ in range(count):
        length = rng.randint(0, 9)
        made.append([CONVERSION if rng.random() < 0.18 else rng.choice(values) for _ in range(length)])
    return [one for one in made if one]


def paths(customers):
    """Paths to a conversion, and paths to nothing."""
    converting, lost = [], []
    for one in customers:
        path = []
        for value in one:
            if value == CONVERSION:
                converting.append(path or ["(direct)"])
                path = []
            else:
                path.append(value)
        if path:
            lost.append(path)
    return converting, lost


def chance(converting, lost, removed):
    """Of a conversion from START, when all that leaves `removed` is lost."""
    values = sorted({value for path in converting + lost for value in path})
    number = {value: n + 1 for n, value in enumerate(values)}
    size = len(values) + 1
    counts = np.zeros((size, size))
    ends = np.zeros((size, 2))
    for found, end in ((converting, 0), (lost, 1)):
        for path in found:
            states = [0] + [number[value] for value in path]
            for a, b in zip(states, states[1:]):
                counts[a, b] += 1
            ends[states[-1], end] += 1
    leaving = counts.sum(axis=1) + ends.sum(axis=1)
    moves = counts / leaving[:, None]
    converts = ends[:, 0] / leaving
    if removed is not None:
        moves[number[removed]] = 0
        converts[number[removed]] = 0
    return np.linalg.solve(np.eye(size) - moves, converts)[0]


def markov(converting, lost):
    values = sorted({value for path in converting + lost for value in path})
    whole = chance(converting, lost, None)
    effects = {value: 1 - chance(converting, lost, value) / whole for value in values}
    effects = {value: effect for value, effect in effects.items() if effect > 1e-12}
    whole_effect = sum(effects.values())
    return {value: effect / whole_effect * len(converting) for value, effect in effects.items()}


def shapley(converting):
    values = sorted({value for path in converting for value in path})
    sets = [frozenset(path) for path in converting]
    worth = {}
    for size in range(len(values) + 1):
        for coalition in itertools.combinations(values, size):
            own = frozenset(coalition)
            worth[own] = sum(1 for path in sets if path <= own)
    count = len(values)
    result = {}
    for value in values:
        total = 0.0
        for coalition, own in worth.items():
            if value in coalition:
                continue
            size = len(coalition)
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            total += weight * (worth[coalition | {value}] - own)
        result[value] = total
    return result


def main():
    rng = random.Random(20190101)
    worlds = []
    for values, count in ((2, 12), (4, 60), (8, 400), (11, 1200), (9, 5)):
        names = [f"v{n}" for n in range(values)]
        made = customers(rng, names, count)
        converting, lost = paths(made)
        worlds.append({
            "customers": [" ".join(one) for one in made],
            "conversions": len(converting),
            "markov": {value: float(own) for value, own in markov(converting, lost).items()},
            "shapley": shapley(converting),
        })
    print(json.dumps(worlds, indent=1))


if __name__ == "__main__":
    main()
