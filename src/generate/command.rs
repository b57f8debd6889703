//! `throughline generate`: writes a world to standard output.

use std::io::{self, BufWriter, ErrorKind};

use clap::{Args, value_parser};

use super::{WorldSpec, WorldSummary, write_world};

/// Generates a world of invented customers as Segment NDJSON, the same for the same settings.
///
/// Customers browse with cookies before they sign up, use several devices, share a tablet, order, return, open mails,
/// call, and visit the store. Some events arrive late, some arrive twice, and some returns arrive before their order.
/// All data is invented, and the mail addresses use the domains that are reserved for examples.
///
/// The events go to standard output, one a line. The totals go to standard error.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct GenerateArgs {
    /// The number of customers
    #[arg(long, value_name = "N",
          value_parser = value_parser!(u64).range(1..=WorldSpec::MAX_CUSTOMERS))]
    pub customers: u64,

    /// The seed of the world: worlds of different seeds have no customers and no identifiers in common
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// The mean number of touchpoints of a customer, from 1 to 10,000
    #[arg(long, value_name = "MEAN", default_value_t = 25.0, value_parser = mean::<1, 10_000>)]
    pub touchpoints_per_customer: f64,

    /// The mean number of orders of a customer, from 0 to 500
    #[arg(long, value_name = "MEAN", default_value_t = 0.6, value_parser = mean::<0, 500>)]
    pub orders_per_customer: f64,
}

const EXAMPLES: &str = "\
Examples:
  A small world, straight into a store:
    throughline generate --customers 500 --seed 1 | throughline import --source world -

  A file to measure with, about half a million touchpoints:
    throughline generate --customers 20000 --seed 7 | gzip > world.ndjson.gz

  Customers with ten orders each:
    throughline generate --customers 1000 --touchpoints-per-customer 80 --orders-per-customer 10

Ids can be guessed: customer 42 of the world with seed 7 has the user_id u7-000042, when they
signed up, and their third order has the number o7-000042-3.";

/// Writes the world to standard output.
///
/// # Errors
/// Standard output cannot be written to. A reader that closes the pipe, such as `head`, is not an error.
pub fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    let spec = WorldSpec {
        customers: args.customers,
        seed: args.seed,
        touchpoints_per_customer: args.touchpoints_per_customer,
        orders_per_customer: args.orders_per_customer,
    };
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    match write_world(&mut out, &spec) {
        Ok(summary) => eprintln!("{}", closing_line(&summary)),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => return Err(anyhow::Error::new(error).context("cannot write the world")),
    }
    Ok(())
}

fn closing_line(summary: &WorldSummary) -> String {
    format!(
        "{} customers, {} events, {} touchpoints, {} orders, {} returns",
        summary.customers, summary.events, summary.touchpoints, summary.orders, summary.refunds
    )
}

/// Parses a mean within two bounds, both included.
fn mean<const LOW: u32, const HIGH: u32>(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|mean| (f64::from(LOW)..=f64::from(HIGH)).contains(mean))
        .ok_or_else(|| format!("expected a number from {LOW} to {HIGH}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: GenerateArgs,
    }

    fn parse(words: &str) -> Result<GenerateArgs, String> {
        Line::try_parse_from(words.split(' ')).map(|line| line.args).map_err(|error| error.to_string())
    }

    #[test]
    fn customers_are_required_and_the_rest_has_defaults() {
        let args = parse("generate --customers 50").expect("a command line");
        assert_eq!((args.customers, args.seed), (50, 1));
        assert_eq!((args.touchpoints_per_customer, args.orders_per_customer), (25.0, 0.6));
        assert!(parse("generate --seed 3").is_err());
    }

    #[test]
    fn figures_out_of_bounds_are_refused_with_the_bounds() {
        for wrong in ["0", "10001", "NaN", "inf", "-5", "many"] {
            let line = format!("generate --customers 5 --touchpoints-per-customer={wrong}");
            let error = parse(&line).expect_err("out of bounds");
            assert!(error.contains("from 1 to 10000"), "{error}");
        }
        assert!(parse("generate --customers 0").is_err());
        assert!(parse("generate --customers 100000001").is_err());
    }
}
