"""Benchmarks: how long a workload takes, where the time goes, and beside PyTorch in one run."""

from tinygraph.bench.measure import Report as Report
from tinygraph.bench.measure import bench as bench
from tinygraph.bench.profile import Profile as Profile
from tinygraph.bench.profile import profile as profile
from tinygraph.bench.versus import Comparison as Comparison
from tinygraph.bench.versus import compare as compare
from tinygraph.bench.workload import Workload as Workload
from tinygraph.bench.workload import workload_names as workload_names
