"""atlasmtl itself on the tasks of tasks.py, by its commands: python3 ours.py TASK_FOLDER OUT_FOLDER NAME [options]

  python3 ours.py TASKS RUNS default
  python3 ours.py TASKS RUNS best --train "--preset best" --predict "--prediction-sets 0.95"

--program says how the program is started. Writes OUT_FOLDER/NAME/TASK.DRAW.json: labels (with Unknown), raw labels, confidences,
sets where there are some, and seconds; answers that are there are kept.
"""

import argparse
import csv
import json
import os
import shlex
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = f"node {os.path.join(HERE, '..', '..', '..', 'dist', 'bin', 'main.js')}"


def answer(program, task, train, predict):
    with tempfile.TemporaryDirectory() as folder:
        model, out = os.path.join(folder, "model.pth"), os.path.join(folder, "query.csv")
        began = time.perf_counter()
        run(program + ["train", "--adata", f"{task}.reference.h5ad", "--out", model, "--labels", "label", *train])
        trained = time.perf_counter()
        run(program + ["predict", "--model", model, "--adata", f"{task}.query.h5ad", "--out", out, "--write-mode", "full", *predict])
        size = sum(entry.stat().st_size for entry in os.scandir(folder) if entry.path != out)
        with open(out, newline="") as file:
            rows = list(csv.DictReader(file))
    columns = {"labels": "pred_label", "raw": "pred_label_raw", "confidence": "conf_label", "sets": "pred_set_label"}
    result = {name: [row[column] for row in rows] for name, column in columns.items() if column in rows[0]}
    result["confidence"] = [float(value) for value in result["confidence"]]
    distance = [row.get("distance_label") for row in rows]
    if distance[0]:
        result["distance"] = [float(value) for value in distance]
    return {**result, "train_seconds": trained - began, "predict_seconds": time.perf_counter() - trained, "bytes": size}


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks")
    parser.add_argument("out")
    parser.add_argument("name")
    parser.add_argument("--train", type=shlex.split, default=[])
    parser.add_argument("--predict", type=shlex.split, default=[])
    parser.add_argument("--program", type=shlex.split, default=shlex.split(PROGRAM))
    parser.add_argument("--task", nargs="*")
    parser.add_argument("--draw", nargs="*", type=int, default=[1])
    chosen = parser.parse_args()
    os.makedirs(os.path.join(chosen.out, chosen.name), exist_ok=True)
    ending = ".reference.h5ad"
    for file in sorted(os.listdir(chosen.tasks)):
        task = file[: -len(ending)]
        name, _, draw = task.rpartition(".")
        out = os.path.join(chosen.out, chosen.name, f"{task}.json")
        is_asked = file.endswith(ending) and int(draw) in chosen.draw and (not chosen.task or name in chosen.task)
        if not is_asked or os.path.exists(out):
            continue
        result = answer(chosen.program, os.path.join(chosen.tasks, task), chosen.train, chosen.predict)
        with open(out, "w") as file:
            json.dump(result, file)
        print(chosen.name, task, f"{result['train_seconds']:.1f} s", flush=True)


if __name__ == "__main__":
    main()
