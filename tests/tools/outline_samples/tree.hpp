#pragma once
#include <memory>
#include <vector>

namespace forest {
namespace detail {
constexpr int kDepth = 3;
}

/// A node of a tree.
template <typename T, typename Less = std::less<T>>
class Tree final : public Base<T> {
 public:
  using value_type = T;
  Tree() = default;
  explicit Tree(T value) : value_(std::move(value)), count_(1) {}
  Tree(const Tree&) = delete;
  virtual ~Tree();

  /// How many nodes there are.
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  bool operator==(const Tree& other) const;
  template <typename F>
  void each(F&& visit) const {
    visit(value_);
  }

 private:
  T value_;
  std::size_t count_ = 0;
};

enum class Kind : unsigned char { Leaf, Branch };

template <typename T>
concept Ordered = requires(T a, T b) { a < b; };

template <typename T>
auto largest(const std::vector<T>& values) -> T {
  auto best = [](auto a, auto b) { return a; };
  return values.front();
}
}  // namespace forest

extern "C" {
int forest_count(void);
}

forest::Tree<int>::~Tree() {}
