//! The numbers of `constants.json`, for what each means see there. A test holds the two equal.

pub mod limited {
    pub const BLACK: u8 = 16;
    pub const WHITE: u8 = 235;
    pub const CHROMA_MIN: u8 = 16;
    pub const CHROMA_MAX: u8 = 240;
}

pub mod full {
    pub const BLACK: u8 = 0;
    pub const WHITE: u8 = 255;
    pub const CHROMA_MIN: u8 = 0;
    pub const CHROMA_MAX: u8 = 255;
}

pub mod grid {
    pub const LINES: usize = 180;
    pub const GUIDE_RADIUS: usize = 4;
    pub const MASK_RADIUS: usize = 2;
}

pub mod skin {
    pub const ALONG_U: f32 = -0.643;
    pub const ALONG_V: f32 = 0.766;
    pub const ACROSS_U: f32 = 0.766;
    pub const ACROSS_V: f32 = 0.643;
    pub const PINK_WEIGHT: f32 = 0.6;
    pub const YELLOW_WEIGHT: f32 = 0.7;
    pub const HUE_OUTER_SLOPE: f32 = 0.66;
    pub const HUE_OUTER: f32 = 1.0;
    pub const HUE_RAMP_SLOPE: f32 = 0.26;
    pub const HUE_RAMP: f32 = 1.0;
    pub const PALE_START_SLOPE: f32 = 0.008;
    pub const PALE_START: f32 = 0.3;
    pub const PALE_RAMP_SLOPE: f32 = 0.022;
    pub const PALE_RAMP: f32 = 0.5;
    pub const VIVID_END_SLOPE: f32 = 0.62;
    pub const VIVID_END: f32 = 0.0;
    pub const VIVID_RAMP_SLOPE: f32 = 0.17;
    pub const VIVID_RAMP: f32 = 0.5;
    pub const DARK_START: f32 = 4.0;
    pub const DARK_RAMP: f32 = 10.0;
}

pub mod smooth {
    pub const FULL: f32 = 0.95;
    pub const EPSILON: f32 = 21.9;
    pub const EPSILON_FLOOR: f32 = 0.2;
    pub const THRESHOLD: f32 = 31.0;
    pub const THRESHOLD_FLOOR: f32 = 0.1;
    pub const LUMA_KNEE: f32 = 120.0;
    pub const EDGE_OFFSET: f32 = 0.02;
    pub const THRESHOLD_LEAST: f32 = 1.0;
    pub const DETAIL_MOST: f32 = 12.0;
}

pub mod sharpen {
    pub const GAIN: f32 = 1.6;
    pub const CORING: f32 = 2.0;
    pub const LIMIT: f32 = 12.0;
    pub const RELIEF: f32 = 2.0;
}

pub mod whiten {
    pub const BASE: f32 = 3.0;
}

pub mod rosy {
    pub const U: f32 = -9.0;
    pub const V: f32 = 12.0;
    pub const PEAK: f32 = 0.75;
    pub const LUMA_KNEE: f32 = 150.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of one group of the JSON file, in its order; `about` texts hold no braces or quotes.
    fn group(name: &str) -> Vec<(String, f64)> {
        let json = include_str!("../constants.json");
        let start = json
            .find(&format!("\"{name}\": {{"))
            .expect("the group is there");
        let body = &json[start..];
        let body = &body[body.find('{').unwrap() + 1..body.find('}').unwrap()];
        body.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("\"about\""))
            .map(|line| {
                let (key, value) = line
                    .trim_end_matches(',')
                    .split_once(':')
                    .expect("key and value");
                (
                    key.trim_matches('"').to_string(),
                    value.trim().parse().expect("a number"),
                )
            })
            .collect()
    }

    macro_rules! assert_group {
        ($module:ident: $($key:ident),+ $(,)?) => {
            let ours: Vec<(String, f64)> =
                vec![$((stringify!($key).to_lowercase(), f64::from($module::$key as f32))),+];
            let theirs: Vec<(String, f64)> = group(stringify!($module))
                .into_iter().map(|(key, value)| (key, f64::from(value as f32))).collect();
            assert_eq!(ours, theirs, stringify!($module));
        };
    }

    #[test]
    fn they_are_those_of_the_shared_file() {
        assert_group!(limited: BLACK, WHITE, CHROMA_MIN, CHROMA_MAX);
        assert_group!(full: BLACK, WHITE, CHROMA_MIN, CHROMA_MAX);
        assert_group!(grid: LINES, GUIDE_RADIUS, MASK_RADIUS);
        assert_group!(skin: ALONG_U, ALONG_V, ACROSS_U, ACROSS_V, PINK_WEIGHT, YELLOW_WEIGHT, HUE_OUTER_SLOPE, HUE_OUTER,
            HUE_RAMP_SLOPE, HUE_RAMP, PALE_START_SLOPE, PALE_START, PALE_RAMP_SLOPE, PALE_RAMP, VIVID_END_SLOPE,
            VIVID_END, VIVID_RAMP_SLOPE, VIVID_RAMP, DARK_START, DARK_RAMP);
        assert_group!(smooth: FULL, EPSILON, EPSILON_FLOOR, THRESHOLD, THRESHOLD_FLOOR, LUMA_KNEE, EDGE_OFFSET,
            THRESHOLD_LEAST, DETAIL_MOST);
        assert_group!(sharpen: GAIN, CORING, LIMIT, RELIEF);
        assert_group!(whiten: BASE);
        assert_group!(rosy: U, V, PEAK, LUMA_KNEE);
    }
}
