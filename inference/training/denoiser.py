"""The denoiser: a transformer that names the hidden tokens of a molecule.

Masked diffusion (Sahoo et al., "Simple and Effective Masked Diffusion Language
Models", arXiv 2406.07524) with a transformer whose layers are modulated by the
condition (adaLN, Peebles and Xie, "Scalable Diffusion Models with Transformers",
arXiv 2212.09748). It needs no time: how much is hidden shows in its input.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HEAD = 32  # of attention, in dimensions


@dataclass(frozen=True)
class Shape:
    """The sizes of a denoiser."""

    tokens: int
    labels: int
    properties: int
    max_tokens: int
    width: int = 128
    layers: int = 6
    lengths_width: int = 128

    @property
    def condition(self) -> int:
        """Wanted labels, unwanted labels, properties, and which properties are set."""
        return 2 * self.labels + 2 * self.properties

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class Layer(nn.Module):
    """Attention and a feed-forward network, each modulated by the condition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(width, 6 * width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition)[:, None].chunk(6, dim=-1)
        x = x + (1 + gate1) * self.attend(modulate(x, shift1, scale1))
        # Squared ReLU (So et al., "Primer", arXiv 2109.08668): as good as GELU, and no exponential.
        hidden = F.relu(self.up(modulate(x, shift2, scale2))).square()
        return x + (1 + gate2) * self.down(hidden)

    def attend(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) * HEAD**-0.5).softmax(dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift


class Denoiser(nn.Module):
    """Gives each position of a batch of equally long molecules its token's logits."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.token = nn.Embedding(shape.tokens, width)
        self.from_start = nn.Embedding(shape.max_tokens, width)
        self.from_end = nn.Embedding(shape.max_tokens, width)
        self.length = nn.Embedding(shape.max_tokens + 1, width)
        self.condition_in = nn.Linear(shape.condition, width)
        self.condition_out = nn.Linear(width, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(shape.layers))
        self.final_modulation = nn.Linear(width, 2 * width)
        self.head = nn.Linear(width, shape.tokens)
        # How many tokens a molecule with this condition has.
        self.lengths_in = nn.Linear(shape.condition, shape.lengths_width)
        self.lengths_out = nn.Linear(shape.lengths_width, shape.max_tokens + 1)
        for table in (self.token, self.from_start, self.from_end, self.length):
            nn.init.normal_(table.weight, std=0.1)
        for zero in (self.final_modulation, self.head):
            nn.init.zeros_(zero.weight)
            nn.init.zeros_(zero.bias)

    def forward(self, tokens: Tensor, condition: Tensor) -> Tensor:
        """tokens is batch x length, condition batch x shape.condition."""
        length = tokens.shape[1]
        place = torch.arange(length)
        x = self.token(tokens) + self.from_start(place) + self.from_end(length - 1 - place)
        mood = self.condition_out(F.silu(self.condition_in(condition))) + self.length.weight[length]
        mood = F.silu(mood)
        for layer in self.layers:
            x = layer(x, mood)
        shift, scale = self.final_modulation(mood)[:, None].chunk(2, dim=-1)
        return self.head(modulate(x, shift, scale))

    def lengths(self, condition: Tensor) -> Tensor:
        """Gives the logits of each number of tokens."""
        return self.lengths_out(F.silu(self.lengths_in(condition)))
