// For a build without FFmpeg's libraries, instead of film_reader.cpp and film_writer.cpp.
#include <stdexcept>

#include "nst/film_file.h"
#include "nst/film_reader.h"
#include "nst/film_writer.h"

namespace nst {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path) {
  throw std::runtime_error(path.string() +
                           ": films are not supported: this program was built without FFmpeg's libraries");
}

}  // namespace

std::string film_libraries() { return {}; }

struct FilmReader::Impl {};
FilmReader::FilmReader(const std::filesystem::path& path) { refuse(path); }
FilmReader::~FilmReader() = default;
FilmReader::FilmReader(FilmReader&&) noexcept = default;
const FilmInfo& FilmReader::info() const { throw std::logic_error("no film"); }
int64_t FilmReader::damaged_packets() const { return 0; }
std::optional<FilmFrame> FilmReader::next() { return std::nullopt; }

struct FilmWriter::Impl {};
FilmWriter::FilmWriter(const std::filesystem::path& path, const FilmInfo&, PictureSize,
                       const FilmWriterOptions&) {
  refuse(path);
}
FilmWriter::~FilmWriter() = default;
FilmWriter::FilmWriter(FilmWriter&&) noexcept = default;
const std::string& FilmWriter::sound_problem() const { throw std::logic_error("no film"); }
void FilmWriter::write(const Tensor&, int64_t) {}
void FilmWriter::commit() {}

void check_can_save_film(const std::filesystem::path& path) { refuse(path); }

}  // namespace nst
