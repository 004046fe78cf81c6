"""How fast this machine is, and from that the minutes each notebook takes on it."""

import time

# What `matmul_rating` gives on the two idle cores on which the lessons' minutes are measured.
REFERENCE_GFLOPS = 180


def matmul_rating(size: int = 1024, seconds: float = 2, fast: bool = False) -> float:
    """GFLOP/s of 32-bit matrix products of `size` x `size` on the CPU, all threads.

    Args:
        fast: by the kernels of `models.fast_linear`, where they are faster here.
    """
    import torch

    from llmtl_helpers.models.fast_linear import faster_here, product

    multiply = product if fast and faster_here() else torch.matmul
    a = torch.rand(size, size)
    b = torch.rand(size, size)
    multiply(a, b)  # the first product pays for set-up of the threads
    products, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        multiply(a, b)
        products += 1
    return 2 * size**3 * products / elapsed / 1e9


def notebook_minutes(gflops: float) -> list[dict]:
    """Per notebook its minutes here: those measured, times reference rating over this one.

    A notebook that trains nothing (`tflop: 0` in its lesson) is not scaled.
    """
    from llmtl_helpers.lessons.source import read_lessons

    rows = []
    for lesson in read_lessons():
        factor = REFERENCE_GFLOPS / gflops if lesson.tflop else 1.0
        rows.append({"notebook": lesson.name, "title": lesson.heading,
                     "minutes": round(lesson.minutes_2cores * factor, 1),
                     "download_mb": lesson.download_mb, "memory_mb": lesson.memory_mb})
    return rows
