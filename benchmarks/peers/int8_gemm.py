"""INT8 products of the encoder through PyTorch: torch._int_mm (cuBLASLt, dense) and cuSPARSELt (2:4), at the exact shapes.

Every layer has weights of its own, so that they come from memory as in a model. The time of a model is the sum of its linear products alone:
no attention, LayerNorm, bias, GELU or quantization, which the engine's time has. torch._int_mm writes int32; cuSPARSELt writes int8, its fastest form.
"""

from common import CELLS, MODELS, Run, percentile, products

DENSE, SPARSE = "torch._int_mm (int32 out)", "cuSPARSELt INT8 2:4 (int8 out)"


def plan():
    for model, (layers, *_) in MODELS.items():
        for batch, length in CELLS:
            shapes = ", ".join(f"X[{batch * length}, {k}] W[{n}, {k}]" for n, k in products(model))
            yield f"{model} b{batch} s{length}: {layers} x ({shapes}): {DENSE}; {SPARSE}"


def random_codes(torch, rows, columns):
    return torch.randint(-127, 128, (rows, columns), dtype=torch.int8, device="cuda")


def dense_weight(torch, n, k):
    return random_codes(torch, n, k).t()


def sparse_codes(torch, n, k):
    weight = random_codes(torch, n, k)
    # A random pair of each four stays; a code that stays is not zero.
    keep = torch.rand(n, k // 4, 4, device="cuda").argsort(-1) < 2
    return torch.where(keep.view(n, k), torch.where(weight == 0, 1, weight), 0).to(torch.int8)


def sparse_weight(torch, n, k):
    return torch._cslt_compress(sparse_codes(torch, n, k))


def product(torch, peer, x, example):
    """The call for one shape; cuSPARSELt looks for its fastest algorithm first."""
    if peer == DENSE:
        return lambda weight: torch._int_mm(x, weight)
    choice = search(torch, example, x.t())
    return lambda weight: torch._cslt_sparse_mm(weight, x.t(), **choice)


def search(torch, weight, x):
    """cuSPARSELt's own search; an older PyTorch gives the algorithm alone, and not how it splits K."""
    try:
        algorithm, splits, mode, _ = torch._C._cusparselt.mm_search(weight, x, None, None, None, False)
    except (AttributeError, TypeError):
        return {"alg_id": torch._cslt_sparse_mm_search(weight, x)}
    return {"alg_id": algorithm, "split_k": splits, "split_k_mode": mode}


def check(torch, peer, tokens):
    """A call must give the exact sums: a peer that computes something else is no peer."""
    x = random_codes(torch, tokens, 256)
    if peer == DENSE:
        weight = random_codes(torch, 64, 256)
        got = torch._int_mm(x, weight.t())
    else:
        weight = sparse_codes(torch, 64, 256)
        got = torch._cslt_sparse_mm(torch._cslt_compress(weight), x.t(), out_dtype=torch.int32).t()
    want = x.cpu().int() @ weight.cpu().int().t()
    if not torch.equal(got.cpu(), want.to(got.dtype)):
        raise ArithmeticError(f"{peer} differs from the exact sums")


def measure(run, torch, model, peer, weights, batch, length):
    tokens, layers, name = batch * length, len(weights[0]), f"{model} b{batch} s{length}"
    inputs = {k: random_codes(torch, tokens, k) for _, k in products(model)}
    calls = run.attempt(peer, name, lambda: [product(torch, peer, inputs[k], w[0]) for (_, k), w in zip(products(model), weights)])
    if calls is None:
        return

    def layer_by_layer(some):
        for layer in range(layers):
            for i in some:
                calls[i](weights[i][layer])

    for i, (n, k) in enumerate(products(model)):
        times = run.attempt(peer, f"{name} W[{n}, {k}]", lambda: run.replay_times(lambda: layer_by_layer([i])))
        if times:
            median = percentile(times, 50) / layers
            run.add(peer, model, batch, length, times, f"{layers} x X[{tokens}, {k}] W[{n}, {k}]: {1000 * median:.2f} us and {2e-9 * tokens * n * k / median:.0f} TOPS each")
    times = run.attempt(peer, f"{name} all products", lambda: run.replay_times(lambda: layer_by_layer(range(len(calls)))))
    if times:
        run.add(peer, model, batch, length, times, "sum of all linear products")
    torch.cuda.empty_cache()


def main():
    run = Run(__doc__, plan)
    torch = run.device()
    for peer in (DENSE, SPARSE):
        run.attempt(peer, "exact sums", lambda: check(torch, peer, 64))
    for model, (layers, *_) in MODELS.items():
        for peer, make in ((DENSE, dense_weight), (SPARSE, sparse_weight)):
            # [4 products][layers]
            weights = run.attempt(peer, f"{model} weights", lambda: [[make(torch, n, k) for _ in range(layers)] for n, k in products(model)])
            for batch, length in CELLS if weights else []:
                measure(run, torch, model, peer, weights, batch, length)
            del weights
            torch.cuda.empty_cache()
    run.finish()


if __name__ == "__main__":
    main()
