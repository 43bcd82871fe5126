// --device, --math, --conv-backend and `nst devices`, without a GPU and with one (the CUDA-on-CPU runner).
#include <map>
#include <nlohmann/json.hpp>

#include "nst/image.h"
#include "tests/cli/run_nst.h"

namespace nst {
namespace {

using nlohmann::json;

class DeviceCommand : public testing::CommandTest {
 protected:
  // What this machine says about its GPUs; empty when there is one.
  std::string problem() const {
    return json::parse(run({"devices", "--json"}).out)["cuda_problem"].get<std::string>();
  }
};

TEST_F(DeviceCommand, devices_are_listed) {
  const auto list = run({"devices"});
  expect_wrote(list, {});
  EXPECT_TRUE(list.out.starts_with("cpu      2 threads, ")) << list.out;
  const json object = json::parse(run({"devices", "--json"}).out);
  EXPECT_EQ(object["devices"][0]["device"], "cpu");
  EXPECT_GT(object["devices"][0]["free_bytes"], 0);
  if (problem().empty()) {
    EXPECT_EQ(object["devices"][1]["device"], "cuda:0");
    EXPECT_NE(list.out.find("\ncuda:0 "), std::string::npos) << list.out;
  } else {
    EXPECT_EQ(object["devices"].size(), 1u);
    EXPECT_NE(list.out.find("\ncuda     none: " + problem() + "\n"), std::string::npos) << list.out;
  }
}

TEST_F(DeviceCommand, what_is_no_device_is_refused) {
  for (const char* name : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:1", ""}) {
    expect_refused(basic({"--device", name}), 2, {"--device: ", "is not one of cpu, cuda, cuda:N, auto"});
  }
  expect_refused(basic({"--device", "cuda:4095"}), 1, {"cuda:4095: "});
}

TEST_F(DeviceCommand, without_a_gpu_cuda_is_refused_and_auto_is_the_cpu) {
  const std::string why = problem();
  if (why.empty()) GTEST_SKIP() << "there is a GPU";
  EXPECT_TRUE(why == "nst was built without CUDA" || why.starts_with("no CUDA device found")) << why;
  expect_refused(basic({"--device", "cuda"}), 1, {"cuda:0: " + why, "--device cpu"});
  expect_wrote(basic(), {"out.png"});
  const auto automatic = basic({"--device", "auto", "--out", "auto.png"});
  expect_wrote(automatic, {"auto.png", "out.png"});
  EXPECT_NE(automatic.err.find("using the CPU: " + why + "\n"), std::string::npos) << automatic.err;
  EXPECT_EQ(read("auto.png"), read("out.png"));
}

TEST_F(DeviceCommand, the_cpu_has_one_math_mode_and_no_cudnn) {
  expect_refused(basic({"--math", "tf32"}), 2, {"--math tf32: needs a CUDA device"});
  expect_refused(basic({"--conv-backend", "cudnn"}), 2, {"--conv-backend cudnn: needs a CUDA device"});
  expect_refused(basic({"--math", "fp8"}), 2, {"--math", "'fp8' is not one of fp32, tf32, bf16, fp16"});
  expect_refused(basic({"--conv-backend", "mkl"}), 2, {"--conv-backend", "'mkl' is not one of own, cudnn"});
  expect_wrote(basic({"--math", "fp32", "--conv-backend", "own"}), {"out.png"});
}

TEST_F(DeviceCommand, tell_whether_there_is_cudnn) {
  const json devices = json::parse(run({"devices", "--json"}).out);
  const std::string why = devices["cudnn_problem"],
                    version = json::parse(run({"version", "--json"}).out)["cudnn"];
  const std::string list = run({"devices"}).out;
  if (why.empty()) {
    EXPECT_EQ(version, devices["cudnn_version"]);
    EXPECT_NE(list.find("\ncudnn    " + version + "\n"), std::string::npos) << list;
  } else {
    EXPECT_EQ(version, "no: " + why);
    EXPECT_NE(list.find("\ncudnn    none: " + why + "\n"), std::string::npos) << list;
  }
}

#if NST_CUDA_ON_CPU
class CudaOnCpuCommand : public testing::CommandTest {
 protected:
  const testing::StartOptions with_cuda{.program = NST_CUDA_ON_CPU_EXECUTABLE};
};

TEST_F(CudaOnCpuCommand, is_listed) {
  const auto list = run({"devices"}, with_cuda);
  expect_wrote(list, {});
  EXPECT_NE(list.out.find("\ncuda:0   CUDA on CPU, "), std::string::npos) << list.out;
  EXPECT_NE(list.out.find("\ncudnn    9.0.0\n"), std::string::npos) << list.out;
  EXPECT_EQ(list.out.find("none"), std::string::npos) << list.out;
  expect_refused(basic({"--device", "cuda:1"}, with_cuda), 1, {"cuda:1: only 1 CUDA device(s) found"});
}

TEST_F(CudaOnCpuCommand, paints_the_cpus_picture) {
  const auto paint = [&](const std::string& device, const std::string& out,
                         const testing::StartOptions& options) {
    return basic({"--device", device, "--out", out, "--size", "20", "--iterations", "2", "--optimiser",
                  "adam", "--report", "--preserve-color", "--init", "style"},
                 options);
  };
  expect_wrote(paint("cpu", "cpu.png", {}), {"cpu.json", "cpu.loss.csv", "cpu.loss.png", "cpu.png"});
  remember_files();
  const auto automatic = paint("auto", "cuda.png", with_cuda);
  expect_wrote(automatic, {"cuda.json", "cuda.loss.csv", "cuda.loss.png", "cuda.png"});
  EXPECT_EQ(automatic.err.find("using the CPU"), std::string::npos) << automatic.err;
  const json on_cpu = json::parse(read("cpu.json")), on_cuda = json::parse(read("cuda.json"));
  EXPECT_EQ(on_cpu["device"], "cpu");
  EXPECT_EQ(on_cuda["device"], "cuda:0");
  EXPECT_GT(on_cuda["peak_tensor_bytes"], 0);
  EXPECT_NEAR(on_cuda["loss"]["total"], on_cpu["loss"]["total"],
              1e-3 * on_cpu["loss"]["total"].get<double>());
  EXPECT_CLOSE(load_image(folder / "cuda.png"), load_image(folder / "cpu.png"), 1.01 / 255);
}

TEST_F(CudaOnCpuCommand, goes_on_with_a_run_of_the_cpu) {
  expect_wrote(basic({"--size", "20", "--iterations", "2", "--save-every", "1"}),
               {"out.00001.png", "out.checkpoint.safetensors", "out.png"});
  remember_files();
  const std::vector<std::string> resume{"basic",    "--resume",     "out.checkpoint.safetensors",
                                        "--out",    "more.png",     "--save-every",
                                        "0",        "--iterations", "3",
                                        "--device", "cuda",         "--math",
                                        "tf32"};
  expect_wrote(run(resume, with_cuda), {"more.png"});
}

TEST_F(CudaOnCpuCommand, computes_as_it_is_told) {
  const auto paint = [&](const std::string& out, std::vector<std::string> options) {
    options.insert(options.end(), {"--device", "cuda", "--out", out + ".png", "--size", "20", "--iterations",
                                   "2", "--optimiser", "adam", "--report"});
    const auto command = basic_arguments(options);
    std::vector<std::string> words{"profile", "--out", out};
    words.insert(words.end(), command.begin(), command.end());
    const auto finished = run(words, with_cuda);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return json::parse(read(out + ".json"));
  };
  const json fp32 = paint("fp32", {}), cudnn = paint("cudnn", {"--conv-backend", "cudnn"}),
             tf32 = paint("tf32", {"--math", "tf32"});
  EXPECT_EQ(fp32["math"], "fp32");
  EXPECT_EQ(fp32["conv_backend"], "own");
  EXPECT_EQ(tf32["math"], "tf32");
  EXPECT_EQ(cudnn["conv_backend"], "cudnn");
  const auto loss = [](const json& report) { return report["loss"]["total"].get<double>(); };
  EXPECT_NEAR(loss(cudnn), loss(fp32), 1e-4 * loss(fp32));
  EXPECT_NEAR(loss(tf32), loss(fp32), 1e-2 * loss(fp32));
  EXPECT_GT(std::abs(loss(tf32) - loss(fp32)), 1e-6 * loss(fp32));  // it did round

  // The trace: the device's ops on a track of their own, the steps on the host's.
  std::map<int, std::string> tracks;
  std::map<std::string, int> events;  // on each
  const json trace = json::parse(read("fp32.trace.json"));
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == "M") {
      tracks[event["tid"]] = event["args"]["name"];
    } else {
      ++events[tracks[event["tid"]]];
      EXPECT_GE(event["dur"], 0);
    }
  }
  EXPECT_GT(events["cuda:0"], 20);
  EXPECT_GE(events["cpu"], 2);
}
#endif

}  // namespace
}  // namespace nst
