#include "examples/paint/layer.h"

namespace nst::paint {

std::vector<Knot> pressed(const std::vector<Vec2>& path, float half_width, float press, float lift) {
  std::vector<Knot> knots;
  const auto last = static_cast<float>(path.size() - 1);
  for (std::size_t i = 0; i < path.size(); ++i) {
    const float t = static_cast<float>(i) / last;
    const float in = press > 0 ? mix(0.35f, 1, smoothstep(0, press, t)) : 1;
    const float out = lift > 0 ? mix(0.25f, 1, smoothstep(0, lift, 1 - t)) : 1;
    knots.push_back({path[i], half_width * in * out});
  }
  return knots;
}

std::vector<Vec2> curve(Vec2 a, Vec2 b, Vec2 c, int count) {
  std::vector<Vec2> points;
  for (int i = 0; i < count; ++i) {
    const float t = static_cast<float>(i) / static_cast<float>(count - 1);
    points.push_back(a * ((1 - t) * (1 - t)) + b * (2 * t * (1 - t)) + c * (t * t));
  }
  return points;
}

std::vector<Vec2> trace(const std::function<Vec2(Vec2)>& flow, Vec2 middle, float length, float step,
                        const std::function<bool(Vec2)>& go_on) {
  const Vec2 start = unit(flow(middle));
  const auto walk = [&](Vec2 direction) {
    std::vector<Vec2> way;
    Vec2 at = middle;
    for (float gone = step; gone <= length * 0.5f; gone += step) {
      // Second order (midpoint), so that circles close. The field may flip sign; the hand does not.
      Vec2 d = unit(flow(at + direction * (0.5f * step)));
      if (dot(d, direction) < 0) d = d * -1;
      at = at + d * step;
      direction = d;
      if (!go_on(at)) break;
      way.push_back(at);
    }
    return way;
  };
  const std::vector<Vec2> back = walk(start * -1), ahead = walk(start);
  std::vector<Vec2> path(back.rbegin(), back.rend());
  path.push_back(middle);
  path.insert(path.end(), ahead.begin(), ahead.end());
  return path;
}

std::vector<Vec2> scattered(float spacing, Rng& rng) {
  std::vector<Vec2> points;
  const float margin = 0.04f;
  for (float y = -margin; y < 1 + margin; y += spacing)
    for (float x = -margin; x < 1 + margin; x += spacing)
      points.push_back({x + spacing * rng.uniform(), y + spacing * rng.uniform()});
  rng.shuffle(points);
  return points;
}

void cover(std::vector<Stroke>& strokes, const Scene& scene, const Pass& pass, Rng& rng) {
  for (const Vec2 middle : scattered(pass.spacing, rng)) {
    const float scale = scene.scale(middle);
    const bool skipped = !rng.chance(pass.cover);
    if (scale <= 0 || skipped) continue;
    const Colour seen = scene.colour(middle);
    const float turn = pass.stray * rng.normal();
    const float half = 0.5f * pass.width * scale * std::max(0.4f, 1 + pass.vary * rng.normal());
    const float length = std::max(pass.length * scale * (1 + pass.vary * rng.normal()), 3 * half);
    const auto flow = [&](Vec2 p) { return rotated(scene.flow(p), turn); };
    const auto go_on = [&](Vec2 p) {
      return pass.stop_at >= 2 || difference(scene.colour(p), seen) < pass.stop_at;
    };
    std::vector<Vec2> path = trace(flow, middle, length, std::max(half, 0.002f), go_on);
    if (path.size() < 3) continue;
    if (rng.chance(0.5f)) std::reverse(path.begin(), path.end());
    const Colour load = jittered(seen, pass.jitter, rng);
    const Colour second =
        lighter(jittered(load, pass.jitter, rng), rng.chance(0.6f) ? pass.pick_up : -pass.pick_up);
    strokes.push_back({pressed(path, half, pass.press, pass.lift), load, second, pass.brush, rng.next()});
  }
}

}  // namespace nst::paint
