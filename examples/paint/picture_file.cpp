#include "examples/paint/picture_file.h"

#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace nst::paint {
namespace {

constexpr int kJpegQuality = 92;  // above 90 the encoder keeps colour at full resolution

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

std::vector<char> encode(const std::string& extension, int size, const std::vector<std::uint8_t>& rgb) {
  std::vector<char> bytes;
  const auto append = [](void* context, void* data, int count) {
    auto& target = *static_cast<std::vector<char>*>(context);
    const char* first = static_cast<const char*>(data);
    target.insert(target.end(), first, first + count);
  };
  stbi_write_png_compression_level = 12;
  const int written = extension == ".png"
                          ? stbi_write_png_to_func(append, &bytes, size, size, 3, rgb.data(), size * 3)
                          : stbi_write_jpg_to_func(append, &bytes, size, size, 3, rgb.data(), kJpegQuality);
  if (written == 0) throw std::runtime_error("the picture could not be encoded");
  return bytes;
}

}  // namespace

void check_picture_path(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  if (extension != ".png" && extension != ".jpg" && extension != ".jpeg")
    throw std::invalid_argument("'" + path.string() + "' must end in .png, .jpg or .jpeg");
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (!std::filesystem::is_directory(folder) || ::access(folder.c_str(), W_OK) != 0)
    throw std::runtime_error("cannot write '" + path.string() + "': '" + folder.string() +
                             "' is not a folder one may write to");
}

void write_picture(const std::filesystem::path& path, int size, const std::vector<std::uint8_t>& rgb) {
  const std::vector<char> bytes = encode(lower_extension(path), size, rgb);
  std::filesystem::path temporary = path;
  temporary += ".tmp" + std::to_string(::getpid());
  std::error_code error;
  {
    errno = 0;
    std::ofstream file(temporary, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) error = std::error_code(errno != 0 ? errno : EIO, std::generic_category());
  }
  if (!error) std::filesystem::rename(temporary, path, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  throw std::runtime_error("cannot write '" + path.string() + "': " + error.message());
}

}  // namespace nst::paint
