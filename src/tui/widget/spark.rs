//! A line of eighth blocks: how something went over time, in one row.

/// Eight heights and nothing.
pub const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The block for `value` of `max`: something is never drawn as nothing.
pub fn block(value: u32, max: u32) -> char {
    if value == 0 || max == 0 {
        return EIGHTHS[0];
    }
    EIGHTHS[((u64::from(value) * 8).div_ceil(u64::from(max)) as usize).clamp(1, 8)]
}

/// `values` in `width` characters, neighbours added up where there are more values than room; zero is `·`.
pub fn spark(values: &[u32], width: usize) -> String {
    if values.is_empty() || width == 0 {
        return String::new();
    }
    let cells = values.len().min(width);
    let sums: Vec<u32> = (0..cells)
        .map(|i| {
            let part = &values[i * values.len() / cells..(i + 1) * values.len() / cells];
            part.iter().fold(0u32, |sum, v| sum.saturating_add(*v))
        })
        .collect();
    let max = sums.iter().copied().max().unwrap_or(0);
    sums.iter()
        .map(|v| if *v == 0 { '·' } else { block(*v, max) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_blocks_and_neighbours_add_up() {
        assert_eq!(spark(&[0, 1, 4, 8], 10), "·▁▄█");
        assert_eq!(spark(&[1, 1, 1, 1, 2, 2, 4, 4], 4), "▂▂▄█");
        assert_eq!(spark(&[0, 0], 5), "··");
        assert_eq!(spark(&[], 5), "");
        assert_eq!(spark(&[u32::MAX, u32::MAX, 1], 1), "█");
    }

    #[test]
    fn a_single_one_beside_a_million_still_shows() {
        assert_eq!(block(1, 1_000_000), '▁');
        assert_eq!(block(0, 1_000_000), ' ');
    }
}
