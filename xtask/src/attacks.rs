//! `cargo xtask attacks`: each lie about masternodes, quorums and locks, and about filters, blocks and payments, for many
//! seeds.
//!
//! With all checks on it must have no effect, whether one peer tells it or all do; with its checks off it must.

use crate::process::on_all_cores;
use anyhow::{Context, Result, bail};
use serde_json::json;
use simnet::measure::attacks::{Liars, Outcome, believed, refused};
use simnet::peer::Lie;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Seeds that are tried for a lie to be believed once its checks are off: not every lie meets what it is about.
const BELIEF_SEEDS: u64 = 5;

/// How much to try.
#[derive(clap::Args)]
pub struct Args {
    /// Seeds of each lie
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Lies to try, by their names; all if none is named
    lies: Vec<Lie>,
}

/// What is known of a lie.
#[derive(Default)]
struct Row {
    by_one: u64,
    by_all: u64,
    failures: Vec<String>,
    believed: Option<String>,
    unmoved: Option<String>,
    usual: BTreeMap<u64, [Option<Outcome>; 2]>,
}

impl Row {
    fn take(&mut self, seed: u64, liars: Liars, result: Result<Outcome, String>) {
        let (count, place) = match liars {
            Liars::All => (&mut self.by_all, 0),
            Liars::One => (&mut self.by_one, 1),
        };
        match result {
            Ok(outcome) => {
                *count += 1;
                self.usual.entry(seed).or_default()[place] = Some(outcome);
            }
            Err(text) => self.failures.push(text),
        }
    }
}

/// The lies that are tried here; those about headers are told in the simulation tests.
fn tried() -> impl Iterator<Item = Lie> {
    Lie::of_masternodes().chain(Lie::of_filters())
}

/// Tries all, prints a table and a line of JSON, and fails if a lie had an effect or a check has none.
pub fn run(args: &Args) -> Result<()> {
    let lies: Vec<Lie> = if args.lies.is_empty() { tried().collect() } else { args.lies.clone() };
    if let Some(lie) = lies.iter().find(|lie| tried().all(|tried| tried != **lie)) {
        bail!("{lie} is none of: {}", tried().map(Lie::name).collect::<Vec<_>>().join(", "));
    }
    let seeds = args.first_seed..args.first_seed + args.seeds;
    let rows: Vec<Mutex<Row>> = lies.iter().map(|_| Mutex::default()).collect();
    let row = |index: usize| rows[index].lock().expect("no thread panics with a row");

    let refusals: Vec<(usize, u64, Liars)> = seeds
        .clone()
        .flat_map(|seed| (0..lies.len()).map(move |index| (index, seed)))
        .flat_map(|(index, seed)| [Liars::One, Liars::All].map(|liars| (index, seed, liars)))
        .collect();
    on_all_cores(&refusals, |&(index, seed, liars)| {
        let result = refused(seed, lies[index], liars);
        row(index).take(seed, liars, result);
    });

    let checked: Vec<usize> = (0..lies.len()).filter(|index| lies[*index].check().is_some()).collect();
    on_all_cores(&checked, |&index| {
        let usual = row(index).usual.clone();
        for (seed, usual) in usual.iter().take(BELIEF_SEEDS as usize) {
            let [Some(all), Some(one)] = usual else { continue };
            match believed(*seed, lies[index], [all, one]) {
                Ok(how) => {
                    row(index).believed = Some(how);
                    break;
                }
                Err(text) => row(index).unmoved = Some(text),
            }
        }
    });

    let rows: Vec<Row> =
        rows.into_iter().map(|row| row.into_inner().expect("no thread panics with a row")).collect();
    report(&lies, &rows, args.seeds)
}

fn report(lies: &[Lie], rows: &[Row], seeds: u64) -> Result<()> {
    println!("{:<26} {:<46} {:>9} {:>9}  without it", "lie", "refused by", "by one", "by all");
    let (mut entries, mut bad) = (Vec::new(), Vec::new());
    for (lie, row) in lies.iter().zip(rows) {
        let checks = lie.checks().iter().map(|check| format!("{check:?}")).collect::<Vec<_>>().join(", ");
        let needs_belief = !checks.is_empty();
        let shown = match needs_belief {
            true => checks.as_str(),
            false if lie.is_deniable() => "others, who say it",
            false => "the decoder",
        };
        let believed = match &row.believed {
            Some(how) => format!("believed: {how}"),
            None if needs_belief => "NOT BELIEVED".to_owned(),
            None => String::new(),
        };
        let of = |count: u64| format!("{count}/{seeds}");
        println!("{:<26} {shown:<46} {:>9} {:>9}  {believed}", lie.name(), of(row.by_one), of(row.by_all));
        if row.by_one < seeds || row.by_all < seeds || (needs_belief && row.believed.is_none()) {
            bad.push(lie.name());
        }
        entries.push(json!({
            "lie": lie.name(), "checks": lie.checks().iter().map(|check| format!("{check:?}")).collect::<Vec<_>>(),
            "seeds": seeds, "refusedByOne": row.by_one, "refusedByAll": row.by_all,
            "believedWithout": needs_belief.then_some(row.believed.is_some()),
        }));
    }
    for row in rows {
        if let Some(first) = row.failures.first() {
            eprintln!("\n{} failures, the first: {first}", row.failures.len());
        }
        if let (None, Some(text)) = (&row.believed, &row.unmoved) {
            eprintln!("\n{text}");
        }
    }
    println!("{}", serde_json::to_string(&entries).context("the figures")?);
    if bad.is_empty() { Ok(()) } else { bail!("not as it must be: {}", bad.join(", ")) }
}
