"""torch: modules, optimizers and views through their storages, in a real kernel."""

from __future__ import annotations

import pytest

from tests.kernel import Kernel

pytest.importorskip("torch", reason="torch is large, and no dependency of Kishu's")

MODEL = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = torch.nn.Linear(300, 300)
        self.last = torch.nn.Linear(300, 3)
        self.tied = self.last
    def forward(self, x):
        return self.last(torch.relu(self.wide(x)))
torch.manual_seed(0)
net = Net()
optimizer = torch.optim.Adam(net.parameters())
x = torch.randn(8, 300)
row = x[0]
"""
STEP = """
optimizer.zero_grad()
net(x).pow(2).mean().backward()
optimizer.step()
"""
SUM = "float(sum(p.double().sum() for p in net.parameters()))"
BOUND = (
    "[net.tied is net.last, optimizer.param_groups[0]['params'][0] is net.wide.weight,"
    " row.data_ptr() == x.data_ptr()]"
)


def test_a_training_step_is_undone_and_done_again(kernel: Kernel) -> None:
    kernel.ok(MODEL)
    before = kernel.value(SUM)
    kernel.ok(STEP)
    after = kernel.value(SUM)
    assert before != after
    report = kernel.kishu("undo")
    assert "net" in report["patched"] + report["loaded"]
    assert kernel.value(SUM) == before
    assert kernel.value("[len(optimizer.state), net.wide.weight.grad is None]") == [0, True]
    assert kernel.value(BOUND) == [True, True, True]
    kernel.kishu("redo")
    assert kernel.value(SUM) == after
    assert kernel.value("[len(optimizer.state), net.wide.weight.grad is None]") == [4, False]
    kernel.ok(STEP)
    assert kernel.value(SUM) != after, "the optimizer moves the model's own parameters"


def test_a_step_between_two_others_is_undone_where_the_parameters_are(kernel: Kernel) -> None:
    kernel.ok(MODEL)
    kernel.ok(STEP)
    before, address = kernel.value(SUM), kernel.value("net.wide.weight.data_ptr()")
    kernel.ok("with torch.no_grad():\n    net.wide.weight[0, 0] += 1")
    assert kernel.value(SUM) != before
    kernel.kishu("undo")
    assert kernel.value(SUM) == before
    assert kernel.value("net.wide.weight.data_ptr()") == address


def test_a_view_is_restored_as_a_view(kernel: Kernel) -> None:
    kernel.ok(MODEL)
    kernel.ok("row[0] = 5.0")
    kernel.ok("del row, x")
    report = kernel.kishu("undo")
    assert sorted(report["loaded"]) == ["row", "x"]
    kernel.ok("row[1] = 7.0")
    assert kernel.value("[float(v) for v in x[0, :2]]") == [5.0, 7.0]


def test_a_step_stores_what_it_changed_and_a_look_nothing(kernel: Kernel) -> None:
    kernel.ok(MODEL)
    kernel.ok("net(x).shape")
    looked = kernel.kishu("log -n 1")[0]
    assert (looked["changed"], looked["nbytes"]) == ([], 0)
    kernel.ok("x[3, 3] = 1.0")
    assert kernel.kishu("log -n 1")[0]["changed"] == ["row", "x"]


def test_a_model_survives_its_kernel(kernel: Kernel) -> None:
    kernel.ok(MODEL)
    kernel.ok(STEP)
    head, total = kernel.kishu("status")["head"], kernel.value(SUM)
    kernel.ok("%reset -f")
    kernel.ok(f"%kishu checkout {head}")
    assert kernel.value(SUM) == total
    assert kernel.value(BOUND) == [True, True, True]
