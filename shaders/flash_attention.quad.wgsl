// What four neighbouring threads have of four vec4s, added up from register to register; see flash_attention.tile.wgsl. That threads
// 4n to 4n + 3 are one quad of a subgroup holds on every driver known, and is promised by none: the comparison with the plain kernel tells.

fn sum_quad(own: mat4x4f, lane: u32) -> mat4x4f {
  var sum: mat4x4f;
  for (var i = 0u; i < 4u; i++) {
    let two = own[i] + quadSwapX(own[i]);
    sum[i] = two + quadSwapY(two);
  }
  return sum;
}
