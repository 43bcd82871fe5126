#include "nst/training/training_run.h"

#include <gtest/gtest.h>

#include "nst/training/training_log.h"
#include "tests/nst/picture_files.h"
#include "tests/nst/training/line_fit.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::LineFit;
using testing::read_bytes;

class Run : public ::testing::Test {
 protected:
  // Runs a fit of so many steps to its end, or until `stopped`.
  void run(LineFit& fit, int64_t steps, const TrainingRunOptions& options, bool resume = false,
           std::function<bool()> stopped = {}) {
    Trainer trainer(fit, {.steps = steps});
    if (resume) trainer.resume(newest_checkpoint(root / "run").state);
    TrainingFolder folder(root / "run");
    run_training(trainer, folder, options,
                 {.step = {},
                  .message = [&](const std::string& text) { messages.push_back(text); },
                  .stopped = std::move(stopped)});
  }
  std::vector<std::vector<std::pair<std::string, double>>> losses() const {
    std::vector<std::vector<std::pair<std::string, double>>> all;
    for (const auto& step : read_training_log(root / "run/log.jsonl", 1000)) all.push_back(step.losses);
    return all;
  }

  testing::TemporaryFolder root;
  std::vector<std::string> messages;
};

TEST_F(Run, leaves_everything_behind) {
  LineFit fit;
  run(fit, 7, {.checkpoint_every = 3, .sample_every = 2, .keep = 2, .settings = "mine"});
  const TrainingFolder folder(root / "run");
  EXPECT_EQ(folder.checkpoints(), (std::vector<int64_t>{6, 7}));
  EXPECT_EQ(folder.samples(), (std::vector<int64_t>{2, 4, 6, 7}));
  EXPECT_EQ(losses().size(), 7u);
  EXPECT_EQ(newest_checkpoint(folder.root()).settings, "mine");
  const nn::WeightFile weights = nn::open_weights(folder.weights());
  EXPECT_EQ(weights.metadata().at("what"), "a line");
  EXPECT_CLOSE(weights.read("weight"), fit.line.weight.value(), 1e-3);  // float16
  const std::string page = read_bytes(folder.report());
  EXPECT_NE(page.find("<h2>Samples</h2>"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos) << "a page of its own asks for nothing";
}

TEST_F(Run, killed_anywhere_goes_on_as_if_never_stopped) {
  LineFit whole;
  {
    Trainer trainer(whole, {.steps = 20});
    while (!trainer.finished()) trainer.step();
  }
  int64_t done = 0;
  LineFit first;
  run(first, 20, {.checkpoint_every = 4}, false, [&] { return ++done == 6; });
  EXPECT_EQ(losses().size(), 6u);
  // As a kill leaves it: steps in the log that no checkpoint has.
  std::filesystem::remove(TrainingFolder(root / "run").checkpoint(6));
  LineFit second;
  run(second, 20, {.checkpoint_every = 4}, true);
  EXPECT_EQ(second.asked.front(), 4);
  EXPECT_EQ(losses().size(), 20u);
  EXPECT_EQ(second.line.weight.value().to_vector<float>(), whole.line.weight.value().to_vector<float>());
}

TEST_F(Run, that_diverges_names_the_last_good_checkpoint) {
  LineFit fit;
  fit.broken_at = 8;
  EXPECT_FAILURE(run(fit, 20, {.checkpoint_every = 5}), "step 9: the loss is nan");
  const TrainingFolder folder(root / "run");
  EXPECT_EQ(folder.checkpoints(), (std::vector<int64_t>{0, 5}));
  EXPECT_EQ(losses().size(), 8u);
  try {
    LineFit again;
    again.broken_at = 8;
    run(again, 20, {.checkpoint_every = 5}, true);
    FAIL();
  } catch (const Diverged& error) {
    EXPECT_NE(std::string(error.what()).find(folder.checkpoint(5).string() + " is the last good state"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(Run, a_sweep_changes_nothing) {
  LineFit plain, swept;
  run(plain, 12, {});
  const auto expected = losses();
  std::filesystem::remove_all(root / "run");
  run(swept, 12, {.sweep = {.factors = {0.5, 4}, .at = 6, .steps = 3}});
  EXPECT_EQ(losses(), expected);
  EXPECT_EQ(swept.asked.size(), 12u + 2 * 3);
  EXPECT_EQ(swept.line.weight.value().to_vector<float>(), plain.line.weight.value().to_vector<float>());
  const auto samples = TrainingFolder(root / "run").sweep_samples();
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].first, 0.5);
  EXPECT_NE(read_bytes(root / "run/report.html").find("style weight times 4"), std::string::npos);
}

TEST_F(Run, warns_when_the_loss_leaves_its_course) {
  class Jumping : public LineFit {
   public:
    TrainingLoss loss(int64_t index) override {
      factor = index == 150 ? 1e6 : 1;
      return LineFit::loss(index);
    }
  } fit;
  run(fit, 200, {});
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].starts_with("step 151: the loss is ")) << messages[0];
}

TEST(TrainingReport, shows_facts_as_text) {
  testing::TemporaryFolder root;
  const TrainingFolder folder(root / "run");
  write_training_report(folder, {.title = "A & B", .facts = {{"style", "<b>\"bold\"</b>"}}});
  const std::string page = read_bytes(folder.report());
  EXPECT_NE(page.find("<h1>A &amp; B</h1>"), std::string::npos);
  EXPECT_NE(page.find("<td>&lt;b&gt;&quot;bold&quot;&lt;/b&gt;</td>"), std::string::npos);
}

}  // namespace
}  // namespace nst
