#include "runner/stream.h"

#include <utility>
#include <vector>

#include "runner/engine.h"

struct CUgraph_st {
  std::vector<std::function<void()>> nodes;  // a chain: in the order of one stream
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> nodes;
};
struct CUstream_st {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CUgraph_st graph;
};

namespace {

thread_local CUstream_st* capturing = nullptr;  // one at a time on a thread is all that is supported

}  // namespace

namespace cuda_on_cpu {

cudaError_t enqueue(cudaStream_t stream, const std::function<void()>& work) {
  if (stream && stream->status == cudaStreamCaptureStatusInvalidated)
    return cudaErrorStreamCaptureInvalidated;
  if (stream && stream->status == cudaStreamCaptureStatusActive) {
    stream->graph.nodes.push_back(work);
  } else {
    work();
  }
  return cudaSuccess;
}

cudaError_t refuse_in_capture() {
  if (!capturing) return cudaSuccess;
  capturing->status = cudaStreamCaptureStatusInvalidated;
  return cudaErrorStreamCaptureUnsupported;
}

}  // namespace cuda_on_cpu

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new CUstream_st;
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) { return cudaStreamCreate(stream); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (stream == capturing) capturing = nullptr;
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (capturing || !stream) return cudaErrorStreamCaptureUnsupported;
  stream->status = cudaStreamCaptureStatusActive;
  stream->graph.nodes.clear();
  capturing = stream;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (!stream || stream != capturing) return cudaErrorInvalidValue;
  capturing = nullptr;
  const auto status = std::exchange(stream->status, cudaStreamCaptureStatusNone);
  if (status == cudaStreamCaptureStatusInvalidated) return cudaErrorStreamCaptureInvalidated;
  *graph = new CUgraph_st(std::exchange(stream->graph, {}));
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = stream ? stream->status : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  *exec = new CUgraphExec_st{graph->nodes};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  if (stream && stream->status != cudaStreamCaptureStatusNone) return cuda_on_cpu::refuse_in_capture();
  cuda_on_cpu::count_graph();
  for (const auto& node : exec->nodes) node();
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
