import { memoryContract } from "../support/memory.contract.ts";

memoryContract(6e7, 120_000);
