"""torch: tensors, modules, optimizers, what ties them together."""

from functools import partial

from tests.fidelity.scenario import Scenario

S = partial(Scenario, needs="torch")

_T = "import torch"
_NN = "import torch\nfrom torch import nn"
_FIT = (
    _NN,
    "torch.manual_seed(0)\n"
    "x = torch.arange(8.0).reshape(4, 2); y = x.sum(1, keepdim=True)\n"
    "model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))",
)
_STEP = "opt.zero_grad(); nn.functional.mse_loss(model(x), y).backward(); opt.step()"
_WEIGHTS = "[p.tolist() for p in model.parameters()]"
_BOUND = (
    "all(a is b for a, b in zip(opt.param_groups[0]['params'], model.parameters(), strict=True))"
)
_SAME_MEMORY = (
    "def same(a, b):\n    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()"
)

SCENARIOS = (
    S(
        "views",
        "a row, a column and a transposed view look at the memory of the whole",
        (
            _T,
            _SAME_MEMORY,
            "a = torch.arange(6.0).reshape(2, 3); row, col, t = a[1], a[:, 2], a.t()",
        ),
        "row += 10; t[0, 0] = -1",
        "(a.tolist(), row.tolist(), col.tolist(), t.tolist(), same(a, row),"
        " same(a, col), same(a, t),"
        " col.stride(), t.is_contiguous())",
        rerun="row += 10; t[0, 0] = -1",
    ),
    S(
        "last-of-a-large-one",
        "what is left of a large tensor holds all of its memory, at its place in it",
        (_T, "big = torch.arange(100_000); tail = big[-3:]; del big"),
        "tail[0] = 0; tail = tail.clone()",
        "(tail.tolist(), tail.storage_offset(), tail.untyped_storage().nbytes())",
    ),
    S(
        "expanded",
        "an expanded tensor shows one memory many times",
        (_T, "a = torch.tensor([[1.0], [2.0]]); wide = a.expand(2, 4)"),
        "a[0] = 7",
        "(wide.tolist(), wide.stride(), wide.untyped_storage().nbytes())",
        rerun="a[0] = 7",
    ),
    S(
        "seen-as-other-bits",
        "the same memory as floats and as integers",
        (_T, "a = torch.tensor([1.0, -2.0]); bits = a.view(torch.int32)"),
        "bits[0] = 0",
        "(a.tolist(), bits.tolist(), str(bits.dtype), a.data_ptr() == bits.data_ptr())",
    ),
    S(
        "conjugate-view",
        "a conjugate is a view with a mark: without the mark its numbers are other ones",
        (_T, "z = torch.tensor([1 + 2j, 3 - 1j]); c = z.conj(); minus = c.imag"),
        "z[0] = 5 + 5j",
        "(c.tolist(), minus.tolist(), c.is_conj(), minus.is_neg(), c.data_ptr() == z.data_ptr())",
        rerun="z[0] = 5 + 5j",
    ),
    S(
        "dtypes",
        "each kind of number keeps its kind, its bits and its shape, 0-d and empty ones too",
        (
            _T,
            "kinds = {str(k): torch.tensor([[1, 0, 3]]).to(k) for k in (torch.float16,"
            " torch.bfloat16, torch.float64, torch.complex64, torch.bool, torch.int8,"
            " torch.uint16, torch.float8_e4m3fn)}\n"
            "kinds['0-d'] = torch.tensor(2.5); kinds['empty'] = torch.empty(0, 3)",
        ),
        "for each in kinds.values(): each.fill_(1)\nkinds['0-d'] = torch.tensor(1)",
        "{k: (str(v.dtype), tuple(v.shape), v.to(torch.complex128).tolist())"
        " for k, v in kinds.items()}",
    ),
    S(
        "view-knows-its-base",
        "autograd must know that a view is one, or it misses what is written through it",
        (_T, "a = torch.zeros(2, 2); row = a[0]"),
        "a.add_(1)",
        "(a.tolist(), row._is_view(), row._base is a, row._version == a._version)",
    ),
    S(
        "on-no-device",
        "a layer on the meta device has shapes and no memory",
        (_NN, "layer = nn.Linear(2, 1, device='meta'); weight = layer.weight"),
        "layer.to_empty(device='cpu'); nn.init.ones_(layer.weight); nn.init.zeros_(layer.bias)",
        "([(str(p.device), tuple(p.shape)) for p in layer.parameters()], layer.weight is weight,"
        " None if layer.weight.is_meta else layer.weight.tolist())",
    ),
    S(
        "nested",
        "rows of several lengths in one tensor",
        (_T, "rows = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])"),
        "rows = rows * 2",
        "[each.tolist() for each in rows.unbind()]",
    ),
    S(
        "in-shared-memory",
        "a tensor for several processes lies in shared memory, its view too",
        (_T, "t = torch.arange(3.0); tail = t[1:]"),
        "t.share_memory_(); tail[0] = 7",
        "(t.tolist(), tail.tolist(), t.is_shared(), tail.is_shared())",
    ),
    S(
        "channels-last",
        "the order in which memory is walked is the tensor's",
        (_T, "img = torch.arange(24.0).reshape(1, 2, 3, 4)"),
        "img = img.to(memory_format=torch.channels_last)",
        "(img.stride(), img.is_contiguous(memory_format=torch.channels_last), img.sum().item())",
    ),
    S(
        "reshaped-in-place",
        "shape and size of a tensor that has two names were changed in place",
        (_T, "a = torch.arange(4.0); b = a; c = torch.zeros(2)"),
        "a.resize_(2, 3).zero_(); c.unsqueeze_(0)",
        "(tuple(a.shape), a.sum().item(), a is b, tuple(c.shape), a.untyped_storage().nbytes())",
    ),
    S(
        "from-numpy",
        "a tensor made of an array looks at the array",
        ("import numpy as np, torch", "a = np.arange(4.0); t = torch.from_numpy(a); half = t[2:]"),
        "a[3] = 9",
        "(a.tolist(), t.tolist(), half.tolist(), np.shares_memory(a, half.numpy()))",
        rerun="a[3] = 9",
    ),
    S(
        "to-numpy",
        "an array taken from a tensor looks at the tensor, which owns the memory",
        ("import numpy as np, torch", "t = torch.arange(4.0); a = t.numpy()[::2]"),
        "t.mul_(2)",
        "(a.tolist(), t.tolist(), np.shares_memory(a, t.numpy()), a.strides)",
        rerun="t.mul_(2)",
    ),
    S(
        "sparse",
        "sparse tensors keep their layout, and whether their entries are summed up",
        (
            _T,
            "coo = torch.sparse_coo_tensor([[0, 0, 1]], [1.0, 2.0, 4.0], (3,))\n"
            "csr = torch.eye(2).to_sparse_csr()",
        ),
        "coo = coo.coalesce(); csr.values()[0] = 5",
        "(str(coo.layout), coo.is_coalesced(), coo._indices().tolist(), coo._values().tolist(),"
        " str(csr.layout), csr.crow_indices().tolist(), csr.values().tolist())",
    ),
    S(
        "quantized",
        "a quantized tensor: its integers, its scale and its zero",
        (_T, "q = torch.quantize_per_tensor(torch.tensor([0.5, -1.0]), 0.1, 10, torch.quint8)"),
        "q = torch.quantize_per_tensor(q.dequantize(), 0.5, 2, torch.qint8)",
        "(q.int_repr().tolist(), q.q_scale(), q.q_zero_point(), str(q.dtype))",
    ),
    S(
        "tensor-subclass",
        "a tensor of the notebook's class, with its attribute, on the memory of a plain one",
        (
            _T,
            "class Length(torch.Tensor):\n"
            "    def told(self):\n        return f'{self.tolist()} {self.unit}'",
            "raw = torch.tensor([1.0, 2.0]); length = raw.as_subclass(Length); length.unit = 'm'",
        ),
        "raw[0] = 9; length.unit = 'km'",
        "(length.told(), type(length) is Length, raw.tolist(),"
        " length.data_ptr() == raw.data_ptr())",
    ),
    S(
        "gradient",
        "a gradient sums up from one backward to the next, and a name holds it",
        (_T, "w = torch.ones(2, requires_grad=True); (w * 3).sum().backward(); g = w.grad"),
        "(w * w).sum().backward()",
        "(w.grad.tolist(), g.tolist(), g is w.grad, w.is_leaf, w.requires_grad)",
        rerun="(w * w).sum().backward()",
    ),
    S(
        "tensor-hook",
        "a hook on a tensor goes on doubling its gradient",
        (
            _T,
            "def double(g):\n    return 2 * g",
            "w = torch.ones(2, requires_grad=True); h = w.register_hook(double)",
        ),
        "(w * 3).sum().backward()",
        "(w.grad, list((w._backward_hooks or {}).values()) == [double])",
        rerun="(w * 3).sum().backward()",
    ),
    S(
        "graph-kept",
        "a loss whose graph is alive can be sent backward after an undo as before",
        (
            _T,
            "w = torch.tensor([1.0, 2.0], requires_grad=True); x = torch.tensor([3.0, 4.0])",
            "loss = (w * x).sum()",
        ),
        "loss.backward(retain_graph=True)",
        "(loss.item(), loss.grad_fn is not None, w.grad,"
        " loss.grad_fn.next_functions[0][0].next_functions[0][0].variable is w)",
        rerun="loss.backward(retain_graph=True)",
        cold="said",
    ),
    S(
        "graph-replaced",
        "a loss that was detached has a graph again; that it leads to a copy of the weight is said",
        (
            _T,
            "w = torch.tensor([1.0, 2.0], requires_grad=True); x = torch.tensor([3.0, 4.0])",
            "loss = (w * x).sum()",
        ),
        "loss = loss.detach()",
        "(loss.item(), loss.requires_grad, loss.grad_fn is not None and"
        " loss.grad_fn.next_functions[0][0].next_functions[0][0].variable is w)",
        undo="said",
        cold="said",
    ),
    S(
        "graph-used-up",
        "backward freed the graph: after an undo it is there, and that it leads to a copy is said",
        (
            _T,
            "w = torch.tensor([1.0, 2.0], requires_grad=True); loss = (w ** 2).sum()",
        ),
        "loss.backward()",
        "(loss.item(), w.grad, loss.grad_fn.next_functions[0][0].next_functions[0][0].variable is w"
        " if loss.grad_fn else None)",
        undo="said",
        cold="said",
    ),
    S(
        "losses-with-graphs",
        "the list of losses whose graphs nobody meant to keep",
        (
            _T,
            "w = torch.tensor([1.0, 2.0], requires_grad=True); losses = []",
            "losses.append((w ** 2).sum())",
        ),
        "losses.append((w ** 3).sum())",
        "([each.item() for each in losses], [each.requires_grad for each in losses])",
    ),
    S(
        "training-cell",
        "the usual loop: loss and prediction are back; that their used-up graphs are not is said",
        (
            *_FIT,
            "opt = torch.optim.SGD(model.parameters(), lr=0.01)\n"
            "def epoch():\n"
            "    opt.zero_grad(); out = model(x); loss = nn.functional.mse_loss(out, y)\n"
            "    loss.backward(); opt.step()\n"
            "    return out, loss",
            "out, loss = epoch()",
        ),
        "out, loss = epoch()",
        f"({_WEIGHTS}, {_BOUND}, loss.item(), out.tolist(), loss.grad_fn is not None)",
        rerun="out, loss = epoch()",
        undo="said",
        cold="said",
    ),
    S(
        "optimizer-momentum",
        "the optimizer holds the parameters of the model, and its momentum goes back with them",
        (*_FIT, "opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)", _STEP),
        _STEP,
        f"({_WEIGHTS}, {_BOUND}, [opt.state[p]['momentum_buffer'].tolist()"
        " for p in model.parameters()], model[0].weight.grad.tolist())",
        rerun=_STEP,
    ),
    S(
        "optimizer-before-its-first-step",
        "the state of Adam is made by the first step: after an undo there is none",
        (*_FIT, "opt = torch.optim.Adam(model.parameters(), lr=0.1)"),
        _STEP,
        f"({_WEIGHTS}, {_BOUND}, [[(k, s[k].tolist()) for k in s] for s in opt.state.values()],"
        " model[0].weight.grad is None)",
        rerun=_STEP,
    ),
    S(
        "optimizer-groups",
        "a group that was added, and a rate that was set by hand",
        (*_FIT, "opt = torch.optim.AdamW(model[2].parameters(), lr=0.1)", _STEP),
        "opt.add_param_group({'params': model[0].parameters(), 'lr': 0.01})\n"
        "opt.param_groups[0]['lr'] = 0.5",
        "([(g['lr'], len(g['params'])) for g in opt.param_groups],"
        " opt.param_groups[0]['params'][0] is model[2].weight,"
        " opt.param_groups[-1]['params'][0] is model[0].weight)",
        rerun="opt.add_param_group({'params': model[0].parameters(), 'lr': 0.01})\n"
        "opt.param_groups[0]['lr'] = 0.5",
    ),
    S(
        "scheduler",
        "a schedule by a function of the notebook drives the optimizer that is there",
        (
            *_FIT,
            "opt = torch.optim.SGD(model.parameters(), lr=1.0)\n"
            "sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 0.5 ** epoch)",
            f"{_STEP}; sched.step()",
        ),
        f"{_STEP}; sched.step()",
        f"({_WEIGHTS}, {_BOUND}, sched.optimizer is opt, opt.param_groups[0]['lr'],"
        " sched.get_last_lr(), sched.last_epoch)",
        rerun=f"{_STEP}; sched.step()",
    ),
    S(
        "state-dict-kept",
        "the weights kept without a copy are the model's, and those kept with one are not",
        (
            *_FIT,
            "import copy",
            "best = model.state_dict(); real = copy.deepcopy(best); twin = copy.deepcopy(model)",
        ),
        "with torch.no_grad():\n    for p in model.parameters(): p.add_(1)",
        "([best[k].data_ptr() == v.data_ptr() for k, v in model.state_dict().items()],"
        " real['0.weight'].data_ptr() == best['0.weight'].data_ptr(), best['2.bias'].tolist(),"
        " real['2.bias'].tolist(), twin[2].bias.tolist(), best._metadata[''])",
        rerun="with torch.no_grad():\n    for p in model.parameters(): p.add_(1)",
    ),
    S(
        "checkpoint-loaded",
        "a checkpoint holds the very weights and momenta; what is loaded goes into the same ones",
        (
            *_FIT,
            "params = list(model.parameters())\n"
            "opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)",
            _STEP,
            "ckpt = {'model': model.state_dict(), 'opt': opt.state_dict(), 'epoch': 1}",
        ),
        "model.load_state_dict({k: torch.ones_like(v) for k, v in ckpt['model'].items()})\n"
        "opt.load_state_dict({**ckpt['opt'], 'state': {}}); ckpt['epoch'] = 2",
        f"({_WEIGHTS}, all(a is b for a, b in zip(params, model.parameters(), strict=True)),"
        f" {_BOUND}, ckpt['model']['2.bias'].data_ptr() == params[3].data_ptr(), ckpt['epoch'],"
        " len(opt.state),"
        " ckpt['opt']['state'][3]['momentum_buffer']"
        " is opt.state.get(params[3], {}).get('momentum_buffer'))",
    ),
    S(
        "tied-weights",
        "two layers with one weight are untied, and tied again by an undo",
        (
            _NN,
            "torch.manual_seed(0); lm = nn.ModuleDict({'emb': nn.Embedding(3, 2),"
            " 'out': nn.Linear(2, 3, bias=False)})\nlm['out'].weight = lm['emb'].weight",
        ),
        "lm['out'].weight = nn.Parameter(lm['out'].weight.detach() * 2)",
        "(lm['emb'].weight is lm['out'].weight, len(list(lm.parameters())),"
        " lm['out'].weight.tolist())",
    ),
    S(
        "parameter-replaced",
        "the optimizer still held the old parameter; after an undo it is the model's again",
        (*_FIT, "opt = torch.optim.SGD(model.parameters(), lr=0.1)"),
        "model[0].weight = nn.Parameter(torch.zeros(3, 2)); model[2].bias.data = torch.ones(1)",
        f"({_WEIGHTS}, model[0].weight is opt.param_groups[0]['params'][0],"
        " model[2].bias is opt.param_groups[0]['params'][3])",
    ),
    S(
        "sequential-edited",
        "layers put in, put on and taken out; a name holds one of them",
        (*_FIT, "last = model[2]; parts = [model, last]"),
        "model[1] = nn.ReLU(); model.append(nn.Linear(1, 1)); del model[2]",
        "(repr(model), [each is last for each in model], parts[0] is model, parts[1] is last)",
    ),
    S(
        "frozen",
        "layers that were frozen learn again, and layers in eval mode are in train mode",
        (*_FIT, "model[0].requires_grad_(False)"),
        "model.requires_grad_(False); model[0].weight.requires_grad = True; model.eval()",
        "([p.requires_grad for p in model.parameters()], [m.training for m in model.modules()])",
    ),
    S(
        "module-of-the-notebook",
        "a module holds its data and its buffers, one of them not for its state_dict",
        (
            _NN,
            "class Nearest(nn.Module):\n"
            "    def __init__(self, data):\n"
            "        super().__init__()\n"
            "        self.data = data; self.cache = {}\n"
            "        self.register_buffer('mean', data.mean(0))\n"
            "        self.register_buffer('seen', torch.zeros(()), persistent=False)\n"
            "    def forward(self, v):\n"
            "        self.seen += 1; self.cache[len(self.cache)] = v\n"
            "        return (self.data - self.mean - v).norm(dim=1).argmin()",
            "data = torch.tensor([[0.0, 1.0], [2.0, 3.0]]); near = Nearest(data)",
        ),
        "near(torch.tensor([1.0, 1.0])); near.mean = torch.zeros(2); data[0, 0] = 5",
        "(near.data is data, data.tolist(), list(near.state_dict()), near.mean.tolist(),"
        " near.seen.item(), [v.tolist() for v in near.cache.values()], list(near._buffers),"
        " type(near) is Nearest)",
    ),
    S(
        "module-hook",
        "a hook that keeps activations: it fills the notebook's dict, and its handle can remove it",
        (
            _NN,
            "torch.manual_seed(0); layer = nn.Linear(2, 2); acts = {}\n"
            "def keep(module, args, result):\n    acts['layer'] = result.detach()",
            "handle = layer.register_forward_hook(keep)",
        ),
        "layer(torch.ones(2)); handle.remove()",
        "({k: v.tolist() for k, v in acts.items()}, list(layer._forward_hooks.values()) == [keep],"
        " handle.hooks_dict_ref() is layer._forward_hooks)",
        rerun="layer(torch.ones(2)); handle.remove()",
    ),
    S(
        "batch-norm",
        "a forward in train mode moves the running statistics, in place",
        (_NN, "bn = nn.BatchNorm1d(2); mean = bn.running_mean"),
        "out = bn(torch.tensor([[1.0, 2.0], [3.0, 6.0]])).detach()",
        "(bn.running_mean.tolist(), bn.running_var.tolist(), bn.num_batches_tracked.item(),"
        " bn.running_mean is mean)",
        rerun="out = bn(torch.tensor([[1.0, 2.0], [3.0, 6.0]])).detach()",
    ),
    S(
        "recurrent",
        "an LSTM has a second list of its weights, which must be the same ones",
        (_NN, "torch.manual_seed(0); lstm = nn.LSTM(1, 2); x = torch.ones(3, 1)"),
        "with torch.no_grad():\n    for p in lstm.parameters(): p.zero_()",
        "([a is b for a, b in zip(lstm._flat_weights, lstm.parameters(), strict=True)],"
        " [ref() is p for ref, p in zip(lstm._flat_weight_refs, lstm.parameters(), strict=True)],"
        " lstm(x)[0].tolist())",
    ),
    S(
        "lazy-layer",
        "a lazy layer becomes another class at its first forward, in place",
        (_NN, "net = nn.Sequential(nn.LazyLinear(2)); first = net[0]"),
        "torch.manual_seed(0); net(torch.ones(1, 3)).sum().item()",
        "(type(net[0]).__name__, net[0] is first, net[0].in_features, type(net[0].weight).__name__,"
        " len(net[0]._forward_pre_hooks))",
        rerun="torch.manual_seed(0); net(torch.ones(1, 3)).sum().item()",
    ),
    S(
        "weight-norm",
        "a parametrized layer has a class of its own, which torch does not pickle: that is said",
        (
            "import torch\nfrom torch.nn.utils import parametrizations, parametrize",
            "torch.manual_seed(0)\n"
            "layer = parametrizations.weight_norm(torch.nn.Linear(2, 2)); pair = [layer]",
        ),
        "parametrize.remove_parametrizations(layer, 'weight')",
        "(type(layer).__name__, parametrize.is_parametrized(layer), pair[0] is layer,"
        " [k for k, _ in layer.named_parameters()], layer(torch.ones(2)).tolist())",
        undo="said",
        cold="said",
    ),
    S(
        "pruned",
        "a pruned weight is worked out from another one, with a graph, and held as an attribute",
        (
            "import torch\nfrom torch.nn.utils import prune",
            "torch.manual_seed(0); layer = torch.nn.Linear(2, 2)",
            "prune.l1_unstructured(layer, 'weight', amount=2)",
        ),
        "prune.remove(layer, 'weight')",
        "([k for k, _ in layer.named_parameters()], list(layer._buffers), layer.weight.tolist(),"
        " len(layer._forward_pre_hooks), type(layer.weight).__name__)",
    ),
    S(
        "autograd-function",
        "a function of the notebook with its own backward, whose class is rebuilt",
        (
            _T,
            "class Cube(torch.autograd.Function):\n"
            "    scale = 1.0\n"
            "    @staticmethod\n"
            "    def forward(ctx, v):\n"
            "        ctx.save_for_backward(v)\n"
            "        return v ** 3\n"
            "    @staticmethod\n"
            "    def backward(ctx, g):\n"
            "        return Cube.scale * 3 * ctx.saved_tensors[0] ** 2 * g",
            "v = torch.tensor([2.0], requires_grad=True)",
        ),
        "Cube.scale = 10.0",
        "(torch.autograd.grad(Cube.apply(v), v), Cube.scale)",
    ),
    S(
        "inference-tensor",
        "what was worked out in inference mode cannot take part in a graph",
        (_T, "w = torch.ones(2)", "with torch.inference_mode(): out = w * 3"),
        "out = out.clone()",
        "(out.tolist(), out.is_inference())",
    ),
    S(
        "dropout",
        "what was drawn from torch's random state is drawn again after an undo",
        (_NN, "torch.manual_seed(7); drop = nn.Dropout(0.5); out = None"),
        "out = drop(torch.ones(16)).tolist()",
        "(out, torch.initial_seed(), torch.get_rng_state().long().mul(torch.arange("
        "len(torch.get_rng_state()))).sum().item())",
        rerun="out = drop(torch.ones(16)).tolist()",
    ),
    S(
        "generator",
        "a generator of its own goes back, in the very object that a dict holds too",
        (_T, "gen = torch.Generator().manual_seed(1); held = {'gen': gen}"),
        "drawn = torch.rand(2, generator=gen).tolist()",
        "(globals().get('drawn'), gen.initial_seed(), held['gen'] is gen, gen.get_state().long()"
        ".mul(torch.arange(len(gen.get_state()))).sum().item())",
        rerun="drawn = torch.rand(2, generator=gen).tolist()",
    ),
    S(
        "loader-and-generator",
        "a loader shuffles by the generator of the variable, over the data of the variable",
        (
            "import torch\nfrom torch.utils.data import DataLoader, TensorDataset, random_split",
            "gen = torch.Generator().manual_seed(1); x = torch.arange(6.0)\n"
            "data = TensorDataset(x); train, test = random_split(data, [4, 2], gen)\n"
            "loader = DataLoader(train, batch_size=2, shuffle=True, generator=gen); order = []",
        ),
        "order += [batch.tolist() for (batch,) in loader]; x += 100",
        "(order, loader.generator is gen, loader.sampler.generator is gen, train.dataset is data,"
        " loader.dataset is train, data.tensors[0] is x, x.tolist(), list(test.indices),"
        " gen.get_state().long().mul(torch.arange(len(gen.get_state()))).sum().item())",
        rerun="order += [batch.tolist() for (batch,) in loader]; x += 100",
    ),
    S(
        "dataset-of-the-notebook",
        "a dataset of the notebook's class with the cache it fills, and a function that collates",
        (
            "import torch\nfrom torch.utils.data import DataLoader, Dataset",
            "class Squares(Dataset):\n"
            "    def __init__(self, n):\n"
            "        self.n, self.cache = n, {}\n"
            "    def __len__(self):\n"
            "        return self.n\n"
            "    def __getitem__(self, i):\n"
            "        return self.cache.setdefault(i, torch.tensor(i**2))\n"
            "squares = Squares(4); loader = DataLoader(squares, 2, collate_fn=lambda many: many)",
        ),
        "total = sum(int(each) for many in loader for each in many[:1])",
        "(sorted(squares.cache), loader.dataset is squares, type(squares) is Squares,"
        " loader.collate_fn([1]), globals().get('total'))",
        rerun="total = sum(int(each) for many in loader for each in many[:1])",
    ),
    S(
        "loader-half-read",
        "an iterator over a loader stands where it stood",
        (
            "import torch\nfrom torch.utils.data import DataLoader",
            "loader = DataLoader(torch.arange(6), batch_size=2)",
            "batches = iter(loader); batch = next(batches)",
        ),
        "batch = next(batches)",
        "(batch.tolist(), batches._num_yielded)",
        rerun="batch = next(batches)",
    ),
    S(
        "look-by-predicting",
        "a prediction in eval mode, without gradients, changes nothing",
        (
            _NN,
            "torch.manual_seed(0); x = torch.ones(3, 2)\n"
            "model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(),"
            " nn.Linear(4, 1))\nlstm = nn.LSTM(2, 2); _ = model.eval(), lstm.eval()",
        ),
        "with torch.no_grad(): model(x).sum().item(), lstm(x)[0].tolist()",
        "([v.tolist() for v in model.state_dict().values()], model.training, x.tolist())",
        reading=True,
    ),
    S(
        "look-by-predicting-with-a-graph",
        "a forward whose result is dropped leaves no gradient and no graph",
        _FIT,
        "model(x).sum().item(); nn.functional.mse_loss(model(x), y)",
        f"({_WEIGHTS}, [p.grad for p in model.parameters()], x.tolist())",
        reading=True,
    ),
    S(
        "look-at-a-model",
        "asking model, optimizer and tensors for what they are makes no new version",
        (*_FIT, "opt = torch.optim.Adam(model.parameters()); v = x[0]", _STEP),
        "repr(model); repr(opt); model.state_dict(); opt.state_dict(); opt.param_groups[0]['lr']\n"
        "[(k, p.shape) for k, p in model.named_parameters()]; list(model.named_modules())\n"
        "sum(p.numel() for p in model.parameters()); model[0].weight.grad.norm().item()\n"
        "x.numpy(); x.mean().item(); str(x); x.untyped_storage(); v._base; model[0].weight.data\n"
        "model.get_parameter('0.bias'); x",
        f"({_WEIGHTS}, {_BOUND}, x.tolist())",
        reading=True,
    ),
    S(
        "resized-array",
        "an array may be given another size beside torch: nobody else refers to it",
        (_T, "import numpy as np\na = np.arange(4); a = a.copy()"),
        "a.resize(6)",
        "a.tolist()",
    ),
    S(
        "sparse-in-place",
        "a sparse tensor has no storage of its own that could be written to",
        (_T, "s = torch.eye(2).to_sparse(); r = torch.eye(2).to_sparse_csr()"),
        "s.mul_(3); r.values().mul_(2)",
        "(s.to_dense().tolist(), r.to_dense().tolist())",
    ),
    S(
        "window-from-numpy",
        "a tensor that looks at the end of an array: one memory, when the array is back, too",
        (_T, "import numpy as np\nb = np.arange(8.0).copy(); t = torch.from_numpy(b[4:])"),
        "del b, t",
        "('t' in globals() and np.shares_memory(t.numpy(), b), 't' in globals() and t.tolist())",
    ),
    # These are settings of the process: the last, for whatever comes after has them.
    S(
        "default-dtype",
        "what kind of number is made by default is part of the session",
        (_T, "torch.set_default_dtype(torch.float32); made = torch.ones(1)"),
        "torch.set_default_dtype(torch.float64); made = torch.ones(1)",
        "(str(torch.get_default_dtype()), str(made.dtype), str(torch.tensor(1.0).dtype))",
    ),
    S(
        "gradients-off",
        "with gradients switched off for all, a training cell would fail",
        (_T, "torch.set_grad_enabled(True); w = torch.ones(1, requires_grad=True)"),
        "torch.set_grad_enabled(False)",
        "(torch.is_grad_enabled(), (w * 2).requires_grad)",
    ),
)
