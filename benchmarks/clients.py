"""Programs that use gensim, run as they are with gensim itself and with wordkin.compat: how good their vectors are.

    python -m venv .venv-clients
    .venv-clients/bin/pip install -e . gensim==4.4.0 "networkx<3.5" scikit-learn tqdm joblib pandas matplotlib \
        numba-progress matchms==0.28.2 hdbscan umap-learn plotly pyyaml
    .venv-clients/bin/pip install --no-deps node2vec==0.5.0 pecanpy==2.0.9 nptyping genewalk==1.6.3 spec2vec==0.9.1 \
        bertopic==0.17.4
    .venv-clients/bin/python benchmarks/clients.py [PROGRAM …] [--seeds 1 2 3]

Each task is small, and made of groups: a graph of 8 groups of 40 nodes, a third of whose edges lead out of their group;
spectra of 10 kinds; documents on 10 subjects. The score is the share of the ten nearest that belong to one's own group.
The seeds are those of the task, of the walks and, where the program takes one, of the model; both get the same walks.
Seconds are the processor's, of training alone and by one thread, after a tiny model that loads what is compiled.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BEGIN = """
import json, random, sys, time
import numpy as np
from gensim.models import Word2Vec
seed, spent, train = int(sys.argv[1]), [], Word2Vec.__init__
Word2Vec([["a", "b", "c"]] * 9, min_count=1, sg=int(sys.argv[2]), workers=1)

def timed(model, *arguments, **named):
    begin = time.process_time()
    train(model, *arguments, **named)
    spent.append(time.process_time() - begin)

Word2Vec.__init__ = timed
random.seed(seed), np.random.seed(seed)
generator = np.random.default_rng(seed)
GROUPS, MEMBERS = 8, 40

def graph():
    import networkx
    return networkx.planted_partition_graph(GROUPS, MEMBERS, 0.15, 0.011, seed=seed)

def end(vectors, group_of):
    group_of = np.asarray(group_of)
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -2)
    near = np.argsort(-cosines, axis=1)[:, :10]
    print(json.dumps({"score": float((group_of[near] == group_of[:, None]).mean()), "seconds": sum(spent)}))
"""

NODE2VEC = """
from node2vec import Node2Vec
nodes = graph()
walks = Node2Vec(nodes, dimensions=32, walk_length=40, num_walks=10, workers=1, quiet=True, seed=seed)
model = walks.fit(window=10, min_count=1, seed=seed)
end(np.array([model.wv[str(node)] for node in nodes]), [node // MEMBERS for node in nodes])
"""

PECANPY = """
for old, new in {  # names of NumPy 1 that nptyping, which pecanpy imports, asks for
    "bool8": np.bool_, "object0": np.object_, "int0": np.intp, "uint0": np.uintp, "float_": np.float64,
    "longfloat": np.longdouble, "singlecomplex": np.complex64, "complex_": np.complex128, "cfloat": np.complex128,
    "clongfloat": np.clongdouble, "longcomplex": np.clongdouble, "void0": np.void, "string_": np.bytes_,
    "bytes0": np.bytes_, "unicode_": np.str_, "str0": np.str_,
}.items():
    setattr(np, old, new)
import networkx
from pecanpy.pecanpy import SparseOTF
nodes = graph()
walker = SparseOTF.from_mat(networkx.to_numpy_array(nodes), [str(node) for node in nodes], workers=1, random_state=seed)
vectors = np.array(walker.embed(dim=32, num_walks=10, walk_length=40, epochs=5))
end(vectors, [int(node) // MEMBERS for node in walker.nodes])
"""

GENEWALK = """
import networkx
from genewalk.deepwalk import run_walks
nodes = networkx.relabel_nodes(networkx.MultiGraph(graph()), str)
nodes.remove_nodes_from(list(networkx.isolates(nodes)))  # no walk comes there
walks = run_walks(nodes, niter=10, workers=1, vector_size=8)
end(np.array([walks.model.wv[node] for node in nodes]), [int(node) // MEMBERS for node in nodes])
"""

SPEC2VEC = """
from matchms import Spectrum
from spec2vec import Spec2Vec, SpectrumDocument
from spec2vec.model_building import train_new_word2vec_model
KINDS, SPECTRA, PEAKS = 10, 40, 400
likely = generator.dirichlet(np.full(PEAKS, 0.1), KINDS) * 0.35 + 0.65 / PEAKS
kinds = np.repeat(np.arange(KINDS), SPECTRA)
documents = []
for kind in kinds:
    peaks = np.sort(generator.choice(PEAKS, 30, replace=False, p=likely[kind]))
    spectrum = Spectrum(mz=50.0 + peaks, intensities=generator.uniform(0.1, 1, len(peaks)), metadata={})
    documents.append(SpectrumDocument(spectrum, n_decimals=0))
options = {"iterations": [20], "workers": 1, "vector_size": 64, "seed": seed, "progress_logger": False}
model = train_new_word2vec_model(documents, **options)
measure = Spec2Vec(model, intensity_weighting_power=0.5)
end(np.array([measure._calculate_embedding(document) for document in documents]), kinds)
"""

BERTOPIC = """
from bertopic.backend._gensim import GensimBackend
SUBJECTS, DOCUMENTS, WORDS = 10, 60, 600
frequency = 1 / np.arange(1, WORDS + 1)
likely = np.array([0.55 * frequency[generator.permutation(WORDS)] + 0.45 * frequency for _ in range(SUBJECTS)])
likely /= likely.sum(axis=1, keepdims=True)
subjects = np.repeat(np.arange(SUBJECTS), DOCUMENTS)
texts = [" ".join(f"w{word}" for word in generator.choice(WORDS, 40, p=likely[subject])) for subject in subjects]
model = Word2Vec([text.split() for text in texts], vector_size=50, window=10, sg=1, workers=1, seed=seed, epochs=10)
end(np.array(GensimBackend(model.wv).embed(texts)), subjects)
"""

PROGRAMS = {  # the program, and whether its models are skip-gram
    "node2vec": (NODE2VEC, 1),
    "pecanpy": (PECANPY, 1),
    "genewalk": (GENEWALK, 1),
    "spec2vec": (SPEC2VEC, 0),
    "bertopic": (BERTOPIC, 1),
}


def run(command: list[str]) -> dict[str, float]:
    """What the program reports in its last line."""
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)} ended with {result.returncode}:\n{result.stderr}")
    report: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return report


def main() -> None:
    """Run each program with both, and print a row of the table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(PROGRAMS)}; by default all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    if unknown := sorted(set(options.programs) - PROGRAMS.keys()):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(PROGRAMS)}")
    print("| program | gensim: scores | wordkin: scores | gensim, s | wordkin, s |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.programs or PROGRAMS:
            code, skipgram = PROGRAMS[name]
            path = Path(folder, f"{name}_task.py")
            path.write_text(BEGIN + code, "utf-8")
            commands = [sys.executable], [sys.executable, "-m", "wordkin.compat", "gensim"]
            measured = [
                [run([*command, str(path), str(seed), str(skipgram)]) for command in commands] for seed in options.seeds
            ]
            theirs, ours = zip(*measured, strict=True)
            row = [", ".join(f"{one['score']:.3f}" for one in side) for side in (theirs, ours)]
            row += [f"{statistics.median(one['seconds'] for one in side):.2f}" for side in (theirs, ours)]
            print(f"| {' | '.join([name, *row])} |", flush=True)


if __name__ == "__main__":
    main()
