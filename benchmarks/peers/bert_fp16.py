"""PyTorch FP16: a BERT encoder of the engine's shapes with scaled_dot_product_attention, as CUDA graphs, compiled by torch.compile and not."""

from common import CELLS, MODELS, Run

VOCABULARY, CLASSES = 1000, 2
COMPILED, EAGER = "PyTorch FP16, torch.compile, CUDA graph", "PyTorch FP16, CUDA graph"


def plan():
    for model, sizes in MODELS.items():
        for batch, length in CELLS:
            yield f"{model} {sizes} b{batch} s{length}: {COMPILED}; {EAGER}"


def build(torch, model, length):
    layers, hidden, heads, ffn = MODELS[model]
    nn, functional = torch.nn, torch.nn.functional

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
            self.up, self.down = nn.Linear(hidden, ffn), nn.Linear(ffn, hidden)
            self.attention_norm, self.output_norm = nn.LayerNorm(hidden, eps=1e-12), nn.LayerNorm(hidden, eps=1e-12)

        def forward(self, x):  # [B, S, H]
            batch, tokens, _ = x.shape
            q, k, v = self.qkv(x).view(batch, tokens, 3, heads, hidden // heads).permute(2, 0, 3, 1, 4)  # [B, A, S, D] each
            context = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, hidden)
            x = self.attention_norm(x + self.out(context))
            return self.output_norm(x + self.down(functional.gelu(self.up(x))))

    class Bert(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.positions, self.types = nn.Embedding(VOCABULARY, hidden), nn.Embedding(512, hidden), nn.Embedding(2, hidden)
            self.norm = nn.LayerNorm(hidden, eps=1e-12)
            self.layers = nn.ModuleList(Layer() for _ in range(layers))
            self.pooler, self.classifier = nn.Linear(hidden, hidden), nn.Linear(hidden, CLASSES)
            self.register_buffer("index", torch.arange(length))

        def forward(self, ids, types):  # [B, S] -> [B, C]
            x = self.norm(self.words(ids) + self.positions(self.index) + self.types(types))
            for layer in self.layers:
                x = layer(x)
            return self.classifier(torch.tanh(self.pooler(x[:, 0])))

    return Bert().to("cuda", torch.float16).eval()


def allow_compilations(count):
    """One compilation serves all layers of a shape, but there are more shapes than torch.compile cares for by default."""
    import torch._dynamo as dynamo  # its settings are not there before

    # recompile_limit was called cache_size_limit before PyTorch 2.7; a name that is not there is an error.
    setattr(dynamo.config, "recompile_limit" if hasattr(dynamo.config, "recompile_limit") else "cache_size_limit", count)


def main():
    run = Run(__doc__, plan)
    torch = run.device()
    run.attempt(COMPILED, "limit of compilations", lambda: allow_compilations(4 * len(MODELS) * len(CELLS)))
    for model in MODELS:
        for batch, length in CELLS:
            ids = torch.randint(VOCABULARY, (batch, length), device="cuda")
            types = torch.randint(2, (batch, length), device="cuda")
            network = build(torch, model, length)
            for peer in (EAGER, COMPILED):
                def measure():
                    if peer == COMPILED:
                        for layer in network.layers:
                            layer.compile(fullgraph=True, dynamic=False)
                    with torch.inference_mode():
                        return run.replay_times(lambda: network(ids, types))

                times = run.attempt(peer, f"{model} b{batch} s{length}", measure)
                if times:
                    run.add(peer, model, batch, length, times, "whole model, without copies")
            del network
            torch.cuda.empty_cache()
    run.finish()


if __name__ == "__main__":
    main()
