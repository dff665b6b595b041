"""Float32 on a GPU means float32."""

import torch


def disable_tf32() -> None:
    """Have convolutions multiply float32 as it is, for the whole process.

    By default cuDNN rounds its inputs to TF32's ten bits, by an algorithm that depends on the shape, so that scores depend
    on what else is in a batch. Other products are in full by default, and those of 16-bit weights are not concerned.
    """
    torch.backends.cudnn.allow_tf32 = False
