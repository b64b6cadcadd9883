from salon_cli.main import main

main()
