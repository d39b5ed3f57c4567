"""A Ray cluster of two nodes on this machine, started once for all tests that need one."""

import os
from pathlib import Path

import pytest

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"}
SMALL = {"object_store_memory": 100 * 1024 * 1024, "include_dashboard": False}
QUICK = {"health_check_period_ms": 500, "health_check_failure_threshold": 3, "health_check_initial_delay_ms": 1000}
"""How soon the head sees that a node is dead."""
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def start_cluster():
    """Return what starts a cluster: a head without cores, and nodes of one core each with these names."""
    pytest.importorskip("ray")
    before = dict(os.environ)
    os.environ.update(QUIET, PYTHONPATH=os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]))
    from ray.cluster_utils import Cluster

    started = []

    def start(*names):
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": dict(QUICK), **SMALL})
        started.append(cluster)
        for name in names:
            add_node(cluster, name)
        return cluster

    yield start
    for cluster in started:
        cluster.shutdown()
    os.environ.clear()
    os.environ.update(before)


def add_node(cluster, name, **environment):
    """Add a node of one core to a cluster, with variables in its environment."""
    return cluster.add_node(num_cpus=1, node_name=name, env_vars={**QUIET, **environment}, **SMALL)


@pytest.fixture(scope="session")
def cluster(start_cluster):
    """Return a cluster of two nodes, alpha and beta; a test removes what it adds."""
    return start_cluster("alpha", "beta")
