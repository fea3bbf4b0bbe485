#!/bin/sh
# Trains the odor predictor from a table of odorants, and measures it on both splits:
#     inference/training/train_predictor.sh odorants.tsv [descriptions.tsv]
# Needs Go and Debian's python3-torch, python3-sklearn, python3-matplotlib and python3-rdkit.
set -eu
data=$(realpath "${1:?usage: $0 TABLE [DESCRIPTIONS]}")
descriptions=${2:+--descriptions $(realpath "$2")}
cd "$(dirname "$0")"
export OMP_NUM_THREADS=1
python=${PYTHON:-/usr/bin/python3}
"$python" predictor.py --data "$data" $descriptions --docs ../../docs/model --out ../odor/predict
"$python" predictor.py --data "$data" $descriptions --docs ../../docs/model --split scaffold
