
mod generate;
