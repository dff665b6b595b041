"""Full float32 precision on a GPU."""

import torch


def disable_tf32() -> None:
    """Compute float32 convolutions in full precision, for the whole process.

    By default, cuDNN rounds their inputs to TF32's ten bits, by an algorithm that depends on the shape, so that scores depend
    on the rest of the batch. Other float32 products have full precision by default; 16-bit weights are not affected.
    """
    torch.backends.cudnn.allow_tf32 = False
