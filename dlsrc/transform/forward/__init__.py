"""What `tangent` is made of: rules, and tangents pushed through functions."""
