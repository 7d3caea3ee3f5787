"""Scores of predictions, straight from their definitions with exact counts; scikit-learn's own where it is installed.

Reads {"labels": [..], "probabilities": [[..], ..], "class_count": C, "bins": M} from stdin and writes the scores as
JSON. With the argument "sklearn" everything but the calibration error comes from scikit-learn.
"""
import json
import math
import sys
from fractions import Fraction

EPSILON = 2.0**-23  # float32's, at which scikit-learn clips float32 probabilities


def by_definition(labels, predictions, class_count):
    matrix = [[0] * class_count for _ in range(class_count)]
    for truth, predicted in zip(labels, predictions):
        matrix[truth][predicted] += 1
    per_class = []
    for c in range(class_count):
        hits = sum(1 for t, p in zip(labels, predictions) if t == c and p == c)
        said = sum(1 for p in predictions if p == c)
        real = sum(1 for t in labels if t == c)
        precision = Fraction(hits, said) if said else Fraction(0)
        recall = Fraction(hits, real) if real else Fraction(0)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else Fraction(0)
        per_class.append((precision, recall, f1, real))
    occurring = set(labels) | set(predictions)
    return {
        "confusion_matrix": matrix,
        "per_class": [[float(p), float(r), float(f), n] for p, r, f, n in per_class],
        "accuracy": sum(t == p for t, p in zip(labels, predictions)) / len(labels),
        "macro_f1": float(sum(per_class[c][2] for c in occurring) / len(occurring)),
        "weighted_f1": float(sum(f * n for _, _, f, n in per_class) / len(labels)),
    }


def by_sklearn(labels, predictions, class_count):
    from sklearn import metrics

    columns = metrics.precision_recall_fscore_support(
        labels, predictions, labels=range(class_count), zero_division=0)
    return {
        "confusion_matrix": metrics.confusion_matrix(labels, predictions, labels=range(class_count)).tolist(),
        "per_class": [[float(value) for value in row] for row in zip(*columns)],
        "accuracy": metrics.accuracy_score(labels, predictions),
        "macro_f1": metrics.f1_score(labels, predictions, average="macro", zero_division=0),
        "weighted_f1": metrics.f1_score(labels, predictions, average="weighted", zero_division=0),
    }


def calibration_error(labels, probabilities, bins):
    total = Fraction(0)
    for m in range(1, bins + 1):
        members = []
        for truth, row in zip(labels, probabilities):
            confidence = max(row)
            if Fraction(m - 1, bins) < Fraction(confidence) <= Fraction(m, bins):
                members.append((Fraction(confidence), row.index(confidence) == truth))
        if members:
            accuracy = Fraction(sum(right for _, right in members), len(members))
            mean = sum(confidence for confidence, _ in members) / len(members)
            total += abs(accuracy - mean) * Fraction(len(members), len(labels))
    return float(total)


def main():
    case = json.load(sys.stdin)
    labels, probabilities = case["labels"], case["probabilities"]
    predictions = [row.index(max(row)) for row in probabilities]
    score = by_sklearn if "sklearn" in sys.argv[1:] else by_definition
    result = score(labels, predictions, case["class_count"])
    clipped = [min(max(row[truth], EPSILON), 1 - EPSILON) for truth, row in zip(labels, probabilities)]
    result["loss"] = -math.fsum(math.log(p) for p in clipped) / len(labels)
    if "sklearn" in sys.argv[1:]:
        from sklearn.metrics import log_loss

        result["loss"] = log_loss(labels, probabilities, labels=range(case["class_count"]))
    result["ece"] = calibration_error(labels, probabilities, case["bins"])
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
