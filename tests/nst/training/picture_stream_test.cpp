#include "nst/training/picture_stream.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "nst/image.h"
#include "tensor/file.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::TemporaryFolder;

// A folder of flat pictures of different greys: picture i is 10 i everywhere.
class Stream : public ::testing::Test {
 protected:
  Stream() {
    for (int i = 1; i <= kPictures; ++i) {
      save_image(folder / fmt::format("p{}.png", i), Tensor::full({1, 12, 9 + i, 3}, i * 10 / 255.0));
    }
  }

  PictureStream make(uint64_t seed, int threads = 1, int64_t ahead = 3) const {
    return {find_pictures(folder.path()),
            {.crop = {.size = 8, .largest = 11}, .seed = seed, .threads = threads, .ahead = ahead}};
  }
  // Which picture a crop is of.
  static int picture_of(const Tensor& crops, int64_t i) {
    return static_cast<int>(std::lround(crops.to_vector<double>()[static_cast<size_t>(i) * 8 * 8 * 3] / 10));
  }

  static constexpr int kPictures = 5;
  TemporaryFolder folder;
};

TEST_F(Stream, every_epoch_has_each_picture_once_in_another_order) {
  PictureStream stream = make(1);
  EXPECT_EQ(stream.files(), kPictures);
  std::set<std::vector<int>> orders;
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    const Tensor crops = stream.crops(epoch * kPictures, kPictures);
    EXPECT_EQ(crops.shape(), Shape({kPictures, 8, 8, 3}));
    std::vector<int> order;
    for (int64_t i = 0; i < kPictures; ++i) order.push_back(picture_of(crops, i));
    EXPECT_EQ(std::set<int>(order.begin(), order.end()), (std::set<int>{1, 2, 3, 4, 5}));
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 1u);
}

TEST_F(Stream, a_crop_is_a_function_of_its_number) {
  save_image(folder / "smooth.png", testing::random_tensor({1, 20, 20, 3}, DType::float32, 3, 0, 1));
  PictureStream one = make(1), more = make(1, 3, 7), other = make(2);
  const Tensor crops = one.crops(0, 12);
  EXPECT_EQ(more.crops(0, 12).to_vector<float>(), crops.to_vector<float>());
  EXPECT_NE(other.crops(0, 12).to_vector<float>(), crops.to_vector<float>());
  // Forward, back, and at once.
  for (const int64_t i : {11, 4, 5, 0}) {
    const auto all = crops.to_vector<float>();
    const auto begin = all.begin() + i * 8 * 8 * 3;
    EXPECT_EQ(one.crops(i, 1).to_vector<float>(), std::vector<float>(begin, begin + 8 * 8 * 3)) << i;
    EXPECT_EQ(make(1).crops(i, 1).to_vector<float>(), std::vector<float>(begin, begin + 8 * 8 * 3)) << i;
  }
}

TEST_F(Stream, crops_move_and_half_are_mirrored) {
  // Red grows to the right, so that its slope tells a mirrored crop and its values where it was.
  TemporaryFolder ramp;
  std::vector<float> values;
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 40; ++x) values.insert(values.end(), {static_cast<float>(x * 6) / 255, 0.0f, 0.0f});
  }
  save_image(ramp / "ramp.png", Tensor::from<float>({1, 8, 40, 3}, values));
  PictureStream stream({ramp / "ramp.png"}, {.crop = {.size = 8}});
  PictureStream unflipped({ramp / "ramp.png"}, {.crop = {.size = 8, .flip = false}});
  std::set<double> starts;
  int mirrored = 0;
  for (int64_t i = 0; i < 60; ++i) {
    const auto crop = stream.crops(i, 1).to_vector<double>();
    starts.insert(std::min(crop[0], crop[21]));
    mirrored += crop[21] < crop[0];
    const auto plain = unflipped.crops(i, 1).to_vector<double>();
    EXPECT_NEAR(plain[21] - plain[0], 42, 1e-3);
  }
  EXPECT_GT(starts.size(), 15u);  // of 33
  EXPECT_GT(mirrored, 15);
  EXPECT_LT(mirrored, 45);
}

TEST_F(Stream, files_that_cannot_be_read_are_skipped_and_counted) {
  write_file_atomically(folder / "broken.png", "not a picture");
  PictureStream stream = make(1, 2);
  EXPECT_EQ(stream.files(), kPictures + 1);
  const Tensor crops = stream.crops(0, 2 * (kPictures + 1));
  for (int64_t i = 0; i < crops.size(0); ++i) {
    EXPECT_GE(picture_of(crops, i), 1);
    EXPECT_LE(picture_of(crops, i), kPictures);
  }
  const auto skipped = stream.skipped();
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped.begin()->first, folder / "broken.png");
  EXPECT_NE(skipped.begin()->second.find("broken.png"), std::string::npos);
}

TEST(PictureStream, fails_when_nothing_can_be_read) {
  TemporaryFolder folder;
  write_file_atomically(folder / "broken.png", "not a picture");
  PictureStream stream(find_pictures(folder.path()), {.crop = {.size = 8}});
  EXPECT_FAILURE(stream.crops(0, 1), "none of 1 pictures could be read");
}

TEST(PictureStream, refuses_sizes_that_make_no_sense) {
  const auto make = [](const CropOptions& crop) { PictureStream({"a.png"}, {.crop = crop}); };
  EXPECT_INVALID(make({.size = 8, .smallest = 7}),
                 "crops of 8 px from pictures whose shorter side is 7 to 8 px");
  EXPECT_INVALID(make({.size = 8, .smallest = 12, .largest = 10}), "12 to 10 px");
  EXPECT_INVALID(PictureStream({}, {}), "no files");
}

TEST(FindPictures, searches_to_the_bottom_and_leaves_out_what_is_hidden_or_no_picture) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "b/c");
  std::filesystem::create_directories(folder / ".thumbnails");
  for (const char* name : {"z.JPG", "b/c/a.png", ".hidden.png", ".thumbnails/z.jpg", "notes.txt"})
    write_file_atomically(folder / name, "");
  EXPECT_EQ(find_pictures(folder.path()),
            (std::vector<std::filesystem::path>{folder / "b/c/a.png", folder / "z.JPG"}));
}

TEST(FindPictures, says_what_is_wrong_with_a_folder) {
  TemporaryFolder folder;
  EXPECT_FAILURE(find_pictures(folder.path()), "holds no pictures");
  EXPECT_FAILURE(find_pictures(folder / "nowhere"), "nowhere: No such file or directory");
}

TEST(Fingerprint, tells_data_sets_apart) {
  TemporaryFolder folder;
  write_file_atomically(folder / "a.png", "1");
  write_file_atomically(folder / "b.png", "22");
  const auto both = find_pictures(folder.path());
  EXPECT_EQ(fingerprint(both), fingerprint(both));
  EXPECT_NE(fingerprint(both), fingerprint({both[0]}));
  const std::string before = fingerprint(both);
  write_file_atomically(folder / "a.png", "111");
  EXPECT_NE(fingerprint(both), before);
}

}  // namespace
}  // namespace nst
