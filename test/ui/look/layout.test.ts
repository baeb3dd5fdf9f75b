// A map of points: they lie in the frame in one scale, are found where they lie, and their labels cover nothing.
import { expect, test } from 'vitest'
import { hash } from '../../../src/rng'
import { ahead, frameOf, Grid, outermost, pixels, placeLabels } from '../../../src/ui/look/layout'

const noise = (i: number) => hash(1, 0, i) / 2 ** 31 - 1
const cloud = (n: number) => Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? 3 : 0.5) * noise(i))

test('all points lie in the frame, and a unit is as long on both axes', () => {
  const points = cloud(500)
  const frame = frameOf([points, Float32Array.of(5, 5)], 640, 400)
  const at = pixels(points, frame)
  for (let i = 0; i < at.length; i += 2) {
    expect(at[i]).toBeGreaterThanOrEqual(24 - 1e-3)
    expect(at[i]).toBeLessThanOrEqual(640 - 24 + 1e-3)
    expect(at[i + 1]).toBeGreaterThanOrEqual(24 - 1e-3)
    expect(at[i + 1]).toBeLessThanOrEqual(400 - 24 + 1e-3)
  }
  const [far] = [pixels(Float32Array.of(0, 0, 1, 1), frame)]
  expect(far[2]! - far[0]!).toBeCloseTo(far[1]! - far[3]!, 3)
  expect(frame.range.x[1] - frame.range.x[0]).toBeCloseTo(640 / frame.scale, 3)
  expect(pixels(Float32Array.of(frame.range.x[0], frame.range.y[0]), frame)[1]).toBeCloseTo(400, 2)
})

test('one point, or many in one place, make a frame too', () => {
  const frame = frameOf([Float32Array.of(2, 2, 2, 2)], 300, 300)
  for (const value of pixels(Float32Array.of(2, 2), frame)) expect(value).toBeCloseTo(150, 0)
})

test('the grid finds the nearest of 32,768, or nothing where none is near', () => {
  const n = 32_768
  const frame = frameOf([cloud(n)], 640, 400)
  const at = pixels(cloud(n), frame)
  const grid = new Grid(at, frame)
  for (let k = 0; k < 40; k++) {
    const [x, y] = [320 + 280 * noise(1000 + k), 200 + 60 * noise(2000 + k)]
    let [best, least] = [-1, Infinity]
    for (let i = 0; i < n; i++) {
      const square = (at[2 * i]! - x) ** 2 + (at[2 * i + 1]! - y) ** 2
      if (square < least) [best, least] = [i, square]
    }
    expect(grid.nearest(x, y)).toBe(least < 400 ? best : null)
  }
  expect(grid.nearest(2, 2)).toBe(null)
  // One that lies in another cell, on any side.
  const alone = new Grid(Float32Array.of(110, 110), frame)
  for (const [x, y] of [
    [91, 110],
    [129, 110],
    [110, 91],
    [110, 129],
    [97, 97],
    [123, 123],
  ] as const)
    expect(alone.nearest(x, y)).toBe(0)
  expect(alone.nearest(89, 110)).toBe(null)
})

test('arrow keys go to the next point in their direction, and stay where there is none', () => {
  const at = Float32Array.of(0, 0, 10, 1, 3, -9, 4, 30, -5, 0, 11, 40)
  expect(ahead(at, 0, 1, 0)).toBe(1)
  expect(ahead(at, 0, -1, 0)).toBe(4)
  expect(ahead(at, 0, 0, -1)).toBe(2)
  expect(ahead(at, 0, 0, 1)).toBe(3)
  expect(ahead(at, 4, -1, 0)).toBe(4)
})

test('labels cover neither each other nor a mark, and lie within the frame', () => {
  const points = cloud(200)
  const frame = frameOf([points], 640, 400)
  const at = pixels(points, frame)
  const widthOf = (point: number) => 8 + (point % 5) * 7
  const order = Uint32Array.from({ length: 200 }, (_, i) => i)
  const placed = placeLabels(at, order, widthOf, frame)
  expect(placed.length).toBeGreaterThan(30)
  expect(placed[0]!.point).toBe(0)
  const boxes = placed.map(({ point, x, y }) => ({ left: x, right: x + widthOf(point), top: y - 6.5, bottom: y + 6.5 }))
  boxes.forEach((a, i) => {
    expect(a.left >= 0 && a.right <= 640 && a.top >= 0 && a.bottom <= 400).toBe(true)
    for (const b of boxes.slice(i + 1))
      expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true)
    for (let p = 0; p < 200; p++) {
      const [x, y] = [at[2 * p]!, at[2 * p + 1]!]
      expect(x > a.left && x < a.right && y > a.top && y < a.bottom).toBe(false)
    }
  })
})

test('what stands apart comes first', () => {
  const points = cloud(5000)
  const far = (i: number) => Math.hypot(points[2 * i]!, points[2 * i + 1]!)
  const order = outermost(points)
  expect(order.length).toBeGreaterThanOrEqual(2500)
  for (let k = 1; k < order.length; k++) expect(far(order[k]!)).toBeLessThanOrEqual(far(order[k - 1]!))
  const left = new Set(order)
  for (let i = 0; i < 5000; i++) if (!left.has(i)) expect(far(i)).toBeLessThanOrEqual(far(order.at(-1)!))
  expect(outermost(cloud(3))).toHaveLength(3)
})
