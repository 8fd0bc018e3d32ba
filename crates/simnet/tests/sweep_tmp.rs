//! tmp
use simnet::peer::*;
use simnet::world::*;
use std::time::Instant;
#[test]
fn sweep() {
    for &lie in Lie::ALL {
        for seed in 0..3u64 {
            let t = Instant::now();
            let peers: Vec<_> = (0..3)
                .map(|i| if i == (seed % 3) as usize { Profile::liar(lie) } else { Profile::honest() })
                .collect();
            let mut b = World::builder(seed * 100 + 7);
            for p in peers {
                b = b.peer(p);
            }
            let mut w = b.build();
            let liar = (seed % 3) as usize;
            let r = w.run_until(|w| w.is_synced() && w.is_banned(liar), 600_000);
            let others = w.bans().iter().filter(|(a, _)| a != w.address(liar)).count();
            match r {
                Ok(r) => println!(
                    "ok   {lie} seed {seed} {} ms, inputs {}, real {:?}, others banned {others}: {:?}",
                    r.virtual_ms,
                    r.inputs,
                    t.elapsed(),
                    w.bans().first()
                ),
                Err(e) => println!(
                    "FAIL {lie} seed {seed} synced {} banned {} real {:?}\n{}",
                    w.is_synced(),
                    w.is_banned(liar),
                    t.elapsed(),
                    if seed == 0 { e.to_string() } else { String::new() }
                ),
            }
        }
    }
    for &fault in Fault::ALL {
        for seed in 0..2u64 {
            let t = Instant::now();
            let mut w = World::builder(seed * 100 + 9).peer(Profile::faulty(fault)).honest(2).build();
            let r = w.run_until_synced(600_000);
            match r {
                Ok(r) => println!(
                    "ok   {fault} seed {seed} {} ms real {:?} bans {:?}",
                    r.virtual_ms,
                    t.elapsed(),
                    w.bans()
                ),
                Err(e) => println!("FAIL {fault} seed {seed} real {:?}\n{e}", t.elapsed()),
            }
            let mut w = World::builder(seed * 100 + 9)
                .peer(Profile::faulty(fault))
                .peer(Profile::faulty(fault))
                .peer(Profile::faulty(fault))
                .build();
            let _ = w.run_for(30_000);
            println!("     all three: synced {} bans {:?}", w.is_synced(), w.bans());
        }
    }
}
