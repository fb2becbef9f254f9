//! Prints what the generator makes: `cargo run --release -p ciem-benches --example estate_sizes -- [PRINCIPALS...]`.
//! With `--write FOLDER` the files of the last estate are written there.

mod generator;

use generator::Estate;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut sizes, mut folder) = (Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--write" {
            folder = Some(PathBuf::from(arguments.next().ok_or("--write needs a folder")?));
        } else {
            sizes.push(argument.parse::<usize>()?);
        }
    }
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000];
    }
    let mut out = std::io::stdout().lock();
    for principals in sizes {
        let started = Instant::now();
        let estate = Estate::generate(1, principals);
        writeln!(
            out,
            "{principals} principals: {} files, {:.1} MB, {} bytes per principal, {:.2} s",
            estate.files.len(),
            estate.size() as f64 / 1e6,
            estate.size() / estate.principals().len().max(1),
            started.elapsed().as_secs_f64(),
        )?;
        for question in estate.requests(1, 3) {
            writeln!(
                out,
                "  {} {} {} {:?} {}",
                question.principal, question.action, question.resource, question.context, question.at
            )?;
        }
        writeln!(out, "  object with policy: {}", estate.object_with_policy().unwrap_or("none"))?;
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder)?;
            for (name, bytes) in &estate.files {
                std::fs::write(folder.join(name), bytes)?;
            }
        }
    }
    Ok(())
}
