// NVTX's ranges, counted: see cuda_on_cpu::ranges().
#pragma once

int nvtxRangePushA(const char* message);
int nvtxRangePop();
