"""Sets the threads that --threads asks for, before anything that computes is imported: import this first.

--threads 1     one thread everywhere
--threads 2     two threads in torch and in BLAS
--threads blas  two threads in BLAS alone; torch's own loops with one

Threads without work sleep rather than spin: spinning gains nothing here and collapses on a busy machine.
"""

import os
import sys

SETTING = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "2"
BLAS = "2" if SETTING == "blas" else SETTING
TORCH = 1 if SETTING == "blas" else int(SETTING)
os.environ["OMP_NUM_THREADS"] = BLAS
os.environ["OPENBLAS_NUM_THREADS"] = BLAS
os.environ["MKL_NUM_THREADS"] = BLAS
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
