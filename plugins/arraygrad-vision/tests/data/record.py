"""Write torchvision.json and the small files of PyTorch anew; needs PyTorch and torchvision."""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def main() -> None:
    import torch
    from torchvision import models
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt
    from torchvision.models.vision_transformer import VisionTransformer

    sys.path.insert(0, str(HERE.parent))
    from test_numbers import CASES, drawn, pictures

    convnext = [CNBlockConfig(8, 16, 1), CNBlockConfig(16, 24, 2), CNBlockConfig(24, None, 1)]
    networks: dict[str, Any] = {
        "mobilenet_v2": models.mobilenet_v2(),
        "efficientnet_b0": models.efficientnet_b0(),
        "small convnext": ConvNeXt(convnext, num_classes=7),
        "small vit": VisionTransformer(32, 8, 2, 3, 24, 40, num_classes=7),
    }
    found = {}
    for name, network in networks.items():
        shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        state = {key: torch.tensor(drawn(key, shape)) for key, shape in shapes.items()}
        network.load_state_dict(state)
        with torch.no_grad():
            y = network.double().eval()(torch.tensor(pictures(CASES[name][1])).double())
        listed = "".join(f"{key} {shapes[key]}\n" for key in sorted(shapes))
        found[name] = {"names": zlib.crc32(listed.encode()), "y": y[:, :10].tolist()}
    text = json.dumps(found, indent=1)
    (HERE / "torchvision.json").write_text(text + "\n", encoding="utf-8")

    numbers = torch.arange(6.0).reshape(2, 3)
    tensors = {
        "float": numbers,
        "turned": numbers.T,
        "row": numbers[1],
        "parameter": torch.nn.Parameter(torch.tensor([1.5, -2.0])),
        "half": torch.tensor([0.5, 65504.0], dtype=torch.float16),
        "brain": torch.tensor([[1.0, -3.140625]], dtype=torch.bfloat16),
        "double": torch.tensor(0.1, dtype=torch.float64),
        "long": torch.tensor(7),
        "bool": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
    }
    torch.save(tensors, HERE / "zip.pth")
    torch.save(tensors, HERE / "old.pth", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
