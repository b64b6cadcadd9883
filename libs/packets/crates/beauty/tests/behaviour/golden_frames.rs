//! The committed frames are what this kernel makes. `SALON_BEAUTY_GOLDEN=write cargo test --test behaviour golden` renews them.

use crate::support::{Frame, NOTHING, all, rosy, sharpen, smooth, test_card, whiten};
use salon_beauty::{Range, Strengths};
use std::path::PathBuf;

struct Golden {
    name: &'static str,
    size: (usize, usize),
    strengths: Strengths,
    range: Range,
    /// Rows and columns 0, k, 2k, ... are kept.
    every: usize,
}

fn goldens() -> Vec<Golden> {
    let golden = |name, size, strengths, every| Golden {
        name,
        size,
        strengths,
        range: Range::Limited,
        every,
    };
    let mixed = Strengths {
        smooth: 80.0,
        whiten: 20.0,
        rosy: 35.0,
        sharpen: 60.0,
    };
    vec![
        golden("nothing", (128, 80), NOTHING, 4),
        golden("smooth-50", (128, 80), smooth(50.0), 1),
        golden("smooth-100", (128, 80), smooth(100.0), 1),
        golden("whiten-50", (128, 80), whiten(50.0), 2),
        golden("rosy-50", (128, 80), rosy(50.0), 2),
        golden("sharpen-50", (128, 80), sharpen(50.0), 1),
        golden("all-50", (128, 80), all(50.0), 1),
        golden("all-100-portrait", (80, 128), all(100.0), 1),
        Golden {
            range: Range::Full,
            ..golden("mixed-full-range", (128, 80), mixed, 1)
        },
        golden("all-50-640x360", (640, 360), all(50.0), 7),
        golden("all-50-360x640", (360, 640), all(50.0), 7),
        golden("all-50-854x480", (854, 480), all(50.0), 9),
        golden("mixed-1280x720", (1280, 720), mixed, 13),
    ]
}

fn kept(frame: &Frame, every: usize) -> Vec<u8> {
    let mut samples = Vec::new();
    for plane in 0..3 {
        let (width, height) = frame.size(plane);
        for y in (0..height).step_by(every) {
            samples.extend((0..width).step_by(every).map(|x| frame.get(plane, x, y)));
        }
    }
    samples
}

#[test]
fn the_kernel_makes_the_golden_frames() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden");
    let write = std::env::var("SALON_BEAUTY_GOLDEN").is_ok_and(|value| value == "write");
    let mut entries = Vec::new();
    for golden in goldens() {
        let (width, height) = golden.size;
        let made = kept(
            &test_card(width, height).with_range(golden.strengths, golden.range),
            golden.every,
        );
        let Strengths {
            smooth,
            whiten,
            rosy,
            sharpen,
        } = golden.strengths;
        entries.push(format!(
            r#"  {{"name": "{}", "width": {width}, "height": {height}, "every": {}, "full_range": {}, "smooth": {smooth}, "whiten": {whiten}, "rosy": {rosy}, "sharpen": {sharpen}}}"#,
            golden.name,
            golden.every,
            golden.range == Range::Full,
        ));
        let file = folder.join(format!("{}.i420", golden.name));
        if write {
            std::fs::write(&file, &made).unwrap();
        }
        let committed = std::fs::read(&file).unwrap_or_else(|_| panic!("{file:?} is missing"));
        assert!(
            committed == made,
            "{} differs: see golden/README.md",
            golden.name
        );
    }
    let list = format!("[\n{}\n]\n", entries.join(",\n"));
    if write {
        std::fs::write(folder.join("frames.json"), &list).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(folder.join("frames.json")).unwrap(),
        list
    );
}
