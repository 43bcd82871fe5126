#include "nn/pickle.h"

#include <array>
#include <bit>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "nn/pickle_opcodes.h"

namespace nst::nn {
namespace {

using Id = Pickle::Id;

constexpr size_t kMaxValues = 1 << 20;  // a few dozen per tensor are usual
// What follows keeps copies in proportion to the file: an object that is remembered can be named a million
// times, and each use of it must stay cheap.
constexpr size_t kMaxName = 256;     // characters of a global or of a storage's key
constexpr size_t kMaxArguments = 8;  // of a function

constexpr std::array<std::pair<std::string_view, StoredType>, 10> kStorages{{
    {"torch.DoubleStorage", StoredType::float64},
    {"torch.FloatStorage", StoredType::float32},
    {"torch.HalfStorage", StoredType::float16},
    {"torch.BFloat16Storage", StoredType::bfloat16},
    {"torch.LongStorage", StoredType::int64},
    {"torch.IntStorage", StoredType::int32},
    {"torch.ShortStorage", StoredType::int16},
    {"torch.CharStorage", StoredType::int8},
    {"torch.ByteStorage", StoredType::uint8},
    {"torch.BoolStorage", StoredType::boolean},
}};

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor";
constexpr std::string_view kRebuildTensorV2 = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

std::optional<StoredType> storage_type(std::string_view name) {
  for (const auto& [storage, type] : kStorages) {
    if (storage == name) return type;
  }
  return std::nullopt;
}

bool is_known(std::string_view name) {
  return name == kOrderedDict || name == kRebuildTensor || name == kRebuildTensorV2 ||
         name == kRebuildParameter || storage_type(name);
}

class Machine {
 public:
  Machine(const FileBytes& file, ByteReader& reader) : file_(file), reader_(reader) {}

  Pickle run() {
    while (step(static_cast<Opcode>(reader_.number<uint8_t>()))) {
    }
    pickle_.root = pop();
    return std::move(pickle_);
  }

 private:
  // Executes one opcode; false after the last.
  bool step(Opcode opcode) {
    switch (opcode) {
      case kProto:
        reader_.number<uint8_t>();
        break;
      case kFrame:
        reader_.number<uint64_t>();
        break;  // only says how much to read at once
      case kStop:
        return false;

      case kNone:
        push(Pickle::None{});
        break;
      case kNewTrue:
        push(true);
        break;
      case kNewFalse:
        push(false);
        break;
      case kBinInt:
        push(int64_t{reader_.number<int32_t>()});
        break;
      case kBinInt1:
        push(int64_t{reader_.number<uint8_t>()});
        break;
      case kBinInt2:
        push(int64_t{reader_.number<uint16_t>()});
        break;
      case kLong1:
        push(long_integer());
        break;
      case kBinFloat:
        push(big_endian_double());
        break;
      case kBinString:
      case kBinUnicode:
        push(std::string(reader_.take_text(reader_.number<uint32_t>())));
        break;
      case kShortBinString:
      case kShortBinUnicode:
        push(std::string(reader_.take_text(reader_.number<uint8_t>())));
        break;

      case kMark:
        marks_.push_back(stack_.size());
        break;
      case kPop:
        pop();
        break;
      case kPopMark:
        pop_to_mark();
        break;
      case kDup:
        stack_.push_back(top());
        break;
      case kEmptyTuple:
      case kEmptyList:
        push(Pickle::Sequence{});
        break;
      case kTuple:
      case kList:
        push(Pickle::Sequence{pop_to_mark()});
        break;
      case kTuple1:
        tuple(1);
        break;
      case kTuple2:
        tuple(2);
        break;
      case kTuple3:
        tuple(3);
        break;
      case kEmptyDict:
        push(Pickle::Dict{});
        break;
      case kDict: {
        const auto items = pop_to_mark();
        push(Pickle::Dict{});
        set_items(items);
        break;
      }
      case kAppend:
        append({pop()});
        break;
      case kAppends:
        append(pop_to_mark());
        break;
      case kSetItem: {
        const Id value = pop(), key = pop();
        set_items({key, value});
        break;
      }
      case kSetItems:
        set_items(pop_to_mark());
        break;

      case kBinPut:
        memo_[reader_.number<uint8_t>()] = top();
        break;
      case kLongBinPut:
        memo_[reader_.number<uint32_t>()] = top();
        break;
      case kMemoize:
        memo_[static_cast<uint32_t>(memo_.size())] = top();
        break;
      case kBinGet:
        recall(reader_.number<uint8_t>());
        break;
      case kLongBinGet:
        recall(reader_.number<uint32_t>());
        break;

      case kGlobal: {
        const auto module = reader_.line(kMaxName), name = reader_.line(kMaxName);
        global(module, name);
        break;
      }
      case kStackGlobal: {
        const Id name = pop(), module = pop();
        global(text(module, "a module"), text(name, "a name"));
        break;
      }
      case kBinPersId:
        push(storage(pop()));
        break;
      case kReduce: {
        const Id arguments = pop(), function = pop();
        const auto& list = sequence(arguments, "arguments");
        if (list.size() > kMaxArguments) bad("too many arguments");
        reduce(expect<Pickle::Global>(function, "a function").name, list);
        break;
      }
      case kBuild:  // attributes of a dictionary, such as the versions torch keeps in `_metadata`
        pop();
        expect<Pickle::Dict>(top(), "a dictionary before its attributes");
        break;

      default:
        bad(fmt::format("opcode 0x{:02x} is not one that files of weights use", static_cast<int>(opcode)));
    }
    return true;
  }

  [[noreturn]] void bad(std::string_view what) const {
    file_.fail(fmt::format("bad pickle: {} (before byte {})", what, reader_.position()));
  }

  void push(Pickle::Value value) {
    if (pickle_.values.size() == kMaxValues) bad(fmt::format("more than {} values", kMaxValues));
    pickle_.values.push_back(std::move(value));
    stack_.push_back(static_cast<Id>(pickle_.values.size() - 1));
  }

  // Of the values since the last mark; those below it belong to an unfinished object.
  Id top() const {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) bad("a value is missing");
    return stack_.back();
  }
  Id pop() {
    const Id id = top();
    stack_.pop_back();
    return id;
  }
  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) bad("a mark is missing");
    const auto first = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
    std::vector<Id> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  template <class T>
  const T& expect(Id id, std::string_view what) const {
    const T* value = pickle_.get<T>(id);
    if (!value) bad(fmt::format("{} expected", what));
    return *value;
  }
  const std::string& text(Id id, std::string_view what) const { return expect<std::string>(id, what); }
  const std::vector<Id>& sequence(Id id, std::string_view what) const {
    return expect<Pickle::Sequence>(id, what).items;
  }
  int64_t integer(Id id, std::string_view what) const { return expect<int64_t>(id, what); }
  std::vector<int64_t> integers(Id id, std::string_view what) const {
    const auto& items = sequence(id, what);
    if (items.size() > Shape::kMaxRank) {
      bad(fmt::format("a tensor of {} axes, at most {} are supported", items.size(), Shape::kMaxRank));
    }
    std::vector<int64_t> values;
    for (const Id item : items) values.push_back(integer(item, what));
    return values;
  }

  void tuple(size_t count) {
    std::vector<Id> items(count);
    for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
    push(Pickle::Sequence{std::move(items)});
  }

  void append(const std::vector<Id>& items) {
    expect<Pickle::Sequence>(top(), "a list");
    auto& list = std::get<Pickle::Sequence>(pickle_.values[top()]).items;
    list.insert(list.end(), items.begin(), items.end());
  }

  void set_items(const std::vector<Id>& items) {
    if (items.size() % 2 != 0) bad("a key without a value");
    expect<Pickle::Dict>(top(), "a dictionary");
    auto& dict = std::get<Pickle::Dict>(pickle_.values[top()]).items;
    for (size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
  }

  void recall(uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) bad(fmt::format("nothing is remembered as {}", index));
    stack_.push_back(found->second);
  }

  int64_t long_integer() {
    const auto bytes = reader_.take(reader_.number<uint8_t>());
    if (bytes.size() > sizeof(int64_t)) bad(fmt::format("an integer of {} bytes", bytes.size()));
    if (bytes.empty()) return 0;
    // Two's complement, sign-extended from the last byte.
    uint64_t value = (bytes.back() & std::byte{0x80}) != std::byte{0} ? ~uint64_t{0} : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return static_cast<int64_t>(value);
  }

  double big_endian_double() { return std::bit_cast<double>(__builtin_bswap64(reader_.number<uint64_t>())); }

  void global(std::string_view module, std::string_view name) {
    if (module.size() > kMaxName || name.size() > kMaxName) bad("a very long name");
    const std::string full = fmt::format("{}.{}", module, name);
    if (!is_known(full)) {
      file_.fail(fmt::format("refused: the pickle names {}, which is no part of a file of weights", full));
    }
    push(Pickle::Global{full});
  }

  // ('storage', torch.FloatStorage, key, device, elements[, None or (view key, begin, elements)])
  Pickle::Storage storage(Id id) const {
    const auto& parts = sequence(id, "a storage");
    if (parts.size() < 5 || text(parts[0], "a storage") != "storage") bad("a storage expected");
    const auto& name = expect<Pickle::Global>(parts[1], "a storage type").name;
    const auto type = storage_type(name);
    if (!type) bad(fmt::format("{} is not a storage type", name));
    const auto& key = text(parts[2], "a storage key");
    if (key.size() > kMaxName) bad("a very long storage key");
    Pickle::Storage result{*type, key, 0, integer(parts[4], "a storage size")};
    if (result.size < 0) bad("a negative storage size");
    if (parts.size() > 5 && !pickle_.get<Pickle::None>(parts[5])) {
      const auto& view = sequence(parts[5], "a storage view");
      if (view.size() != 3) bad("a storage view has three parts");
      const int64_t begin = integer(view[1], "a storage offset"), size = integer(view[2], "a storage size");
      if (begin < 0 || size < 0 || begin > result.size || size > result.size - begin) {
        bad("a storage view beyond its storage");
      }
      result.begin = begin;
      result.size = size;
    }
    return result;
  }

  // By value: pushing the result moves what references would refer to.
  void reduce(std::string function, std::vector<Id> arguments) {
    if (function == kOrderedDict) return ordered_dict(arguments);
    if (function == kRebuildParameter) {
      if (arguments.empty()) bad("a parameter without a tensor");
      expect<Pickle::TensorView>(arguments[0], "a tensor");
      stack_.push_back(arguments[0]);
      return;
    }
    if (function != kRebuildTensor && function != kRebuildTensorV2) {
      bad(fmt::format("{} is not a function", function));
    }
    if (arguments.size() < 4) bad("a tensor has a storage, an offset, sizes and strides");
    expect<Pickle::Storage>(arguments[0], "a storage");
    push(Pickle::TensorView{arguments[0], integer(arguments[1], "an offset"),
                            integers(arguments[2], "a size"), integers(arguments[3], "a stride")});
  }

  // OrderedDict(), or OrderedDict([(key, value), ...]) as Python 2 writes it.
  void ordered_dict(const std::vector<Id>& arguments) {
    Pickle::Dict dict;
    if (!arguments.empty()) {
      for (const Id pair : sequence(arguments[0], "the items of a dictionary")) {
        const auto& item = sequence(pair, "an item of a dictionary");
        if (item.size() != 2) bad("a key without a value");
        if (++copied_items_ > kMaxValues) bad("too many dictionaries of the same items");
        dict.items.emplace_back(item[0], item[1]);
      }
    }
    push(std::move(dict));
  }

  const FileBytes& file_;
  ByteReader& reader_;
  Pickle pickle_;
  std::vector<Id> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::unordered_map<uint32_t, Id> memo_;
  size_t copied_items_ = 0;
};

}  // namespace

Pickle read_pickle(const FileBytes& file, ByteReader& reader) { return Machine(file, reader).run(); }

}  // namespace nst::nn
